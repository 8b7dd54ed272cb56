// A mixed lane as a user writes it: `prod=*.db=mapdirect,ino:131=ondisk,>1G=swap,*=dax`.
import { globPattern } from '../base/glob.js';
import type { FileRule, MixedLane } from '../engine/lane-policies.js';
import { UserError } from '../model/issue.js';
import type { Policy } from '../model/policy.js';

const EXAMPLE = "--lane prod='*.db=mapdirect,/spool/**=pnfs-layout,>1G=ondisk,ino:131=swap,*=dax'";
/** Powers of 1024. */
const UNITS: Readonly<Record<string, number>> = { '': 0, K: 1, M: 2, G: 3, T: 4 };

/** `policyOf` throws for a name that is no policy's. */
export function mixedLaneOf(text: string, policyOf: (name: string) => Policy): MixedLane {
  const wrong = (what: string): never => {
    throw new UserError(`--lane "${text}": ${what}; expected NAME=RULE,RULE,... such as ${EXAMPLE}`);
  };
  const at = text.indexOf('=');
  const name = at < 0 ? '' : text.slice(0, at).trim();
  if (!/^[a-z][a-z0-9-]*$/.test(name)) wrong('its name must be lower case letters, digits and dashes');
  const parts = text.slice(at + 1).split(',');
  if (parts.every((part) => part.trim() === '')) wrong('it has no rule');
  const rules = parts.map((part): FileRule => {
    const end = part.lastIndexOf('=');
    if (end < 1) wrong(`its rule "${part.trim()}" is not FILES=POLICY`);
    const files = part.slice(0, end).trim();
    const policy = policyOf(part.slice(end + 1).trim());
    if (policy.recorded === true) wrong(`"${policy.name}" is the whole recording and no policy of a file`);
    return { text: files, matches: testOf(files, wrong), policy };
  });
  return { name, rules };
}

function testOf(files: string, wrong: (what: string) => never): FileRule['matches'] {
  if (files.startsWith('ino:')) {
    const wanted = files.slice('ino:'.length);
    if (!/^\d+$/.test(wanted)) wrong(`"${files}" is no inode, which is ino: and a number`);
    return ({ inode }) => inode === wanted;
  }
  if (files.startsWith('>')) {
    const [, number, unit] = /^>(\d+(?:\.\d+)?)([KMGT]?)$/.exec(files) ?? wrong(`"${files}" is no size such as >1G`);
    const bytes = Number(number) * 1024 ** UNITS[unit!]!;
    return ({ sizeBytes }) => sizeBytes > bytes;
  }
  if (files === '' || /[[\]{}]/.test(files)) wrong(`"${files}" is no pattern of *, ? and ** for names`);
  const pattern = globPattern(files);
  return ({ name }) => pattern.test(name);
}
