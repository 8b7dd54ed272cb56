// The switches policies honour (`--set KEY=VALUE`; seal-semantics section 8). They choose between specs before a run and
// are never looked at inside it. A value that nothing implements is not offered.
import { UserError } from '../model/issue.js';
import type { Settings, Switch } from '../model/policy.js';

export const switches: readonly Switch[] = [
  {
    key: 'era',
    values: ['modern', '2017'],
    fallback: 'modern',
    text: 'kernel of the policies that describe what is: "2017" neither waits for pins nor refuses long-term ones',
  },
  {
    key: 'mapdirect',
    values: ['seed'],
    fallback: 'seed',
    text: 'reading of MAP_DIRECT: "seed" refuses with ETXTBSY, binds the whole file, asks for no capability',
  },
  {
    key: 'mapdirect_lease',
    values: ['v8', 'v9', 'v7'],
    fallback: 'v8',
    text: 'series of MAP_DIRECT with a lease: v9 refuses reflinked files and leaves open what becomes of the device; v8 unmaps the device at the limit, v7 at the break; v8 and v9 break on a refused fault too',
  },
  {
    key: 'privileged',
    values: ['yes', 'no'],
    fallback: 'yes',
    text: 'whether whoever seals has the capability that the seal asks for (a trace carries no credentials)',
  },
  {
    key: 'ondisk.unlink',
    values: ['eperm', 'ok'],
    fallback: 'eperm',
    text: 'whether the on-disk seal forbids unlink and rename (v1 text) or not (later diffs)',
  },
  {
    key: 'lease_break_time_s',
    values: 'seconds',
    fallback: '45',
    text: 'time a lease holder has after a break; 0 means for ever (/proc/sys/fs/lease-break-time)',
  },
  {
    key: 'fs',
    values: ['xfs', 'ext4'],
    fallback: 'xfs',
    text: 'file system whose order of checks is followed: ext4 neither waits nor zaps for a plain allocation',
  },
];

/** 2^53 ns is a little over 104 days. */
const MAX_SECONDS = 9_000_000;

/** Every known switch with its value: given or default. `known` lets other rooms add switches of their own. */
export function validateSettings(
  pairs: Readonly<Record<string, string>>,
  known: readonly Switch[] = switches,
): Settings {
  for (const key of Object.keys(pairs)) {
    if (!known.some((one) => one.key === key)) {
      throw new UserError(`unknown setting "${key}"; expected one of ${known.map((one) => one.key).join(', ')}`);
    }
  }
  const settings: Record<string, string> = {};
  for (const one of known) {
    const value = Object.hasOwn(pairs, one.key) ? pairs[one.key]! : one.fallback;
    if (!isAllowed(one, value)) {
      throw new UserError(`setting "${one.key}" is "${value}"; expected ${allowed(one)} (default ${one.fallback})`);
    }
    settings[one.key] = value;
  }
  return settings;
}

/** Value of a policy switch; its default when `settings` does not hold it. */
export function setting(settings: Settings, key: string): string {
  const known = switches.find((one) => one.key === key);
  if (known === undefined) throw new Error(`no such switch: ${key}`);
  return settings[key] ?? known.fallback;
}

function isAllowed(one: Switch, value: string): boolean {
  if (one.values !== 'seconds') return one.values.includes(value);
  return /^\d+(\.\d+)?$/.test(value) && Number(value) <= MAX_SECONDS;
}

function allowed(one: Switch): string {
  return one.values === 'seconds' ? `seconds from 0 to ${MAX_SECONDS}` : one.values.join(' or ');
}
