// The switches policies honour (`--set KEY=VALUE`; seal-semantics section 8). They choose between specs before a run and
// are never looked at inside it: some choose between tables, the others are fields of the policy that the engine acts on.
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
    values: ['seed', 'v4', 'v5', 'v6'],
    fallback: 'seed',
    text: 'reading of MAP_DIRECT: all refuse with ETXTBSY; "seed" and v4 ask for no capability, v5 and v6 for CAP_LINUX_IMMUTABLE (see privileged)',
  },
  {
    key: 'mapdirect_scope',
    values: ['file', 'range'],
    fallback: 'file',
    text: 'what a MAP_DIRECT mapping seals: the whole file or the range that is mapped',
  },
  {
    key: 'pins_extend_seal',
    values: ['false', 'true'],
    fallback: 'false',
    text: 'whether pins and memory regions keep a MAP_DIRECT seal alive after munmap',
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
    key: 'ondisk.version',
    values: ['v3', 'v2', 'v1'],
    fallback: 'v3',
    text: 'series of the on-disk seal: v1 writes the part inside the file and returns a short count, v2 and v3 refuse the whole write',
  },
  {
    key: 'ondisk.unlink',
    values: ['eperm', 'ok'],
    fallback: 'eperm',
    text: 'whether the on-disk seal forbids unlink and rename (v1 text) or not (later diffs)',
  },
  {
    key: 'seal_sync',
    values: ['true', 'false'],
    fallback: 'true',
    text: 'whether the on-disk seal call forces a journal commit; without, a crash before the next commit of the file undoes it',
  },
  {
    key: 'seal_fills',
    values: ['true', 'false'],
    fallback: 'true',
    text: 'whether the on-disk seal call fills holes, converts and unshares, or seals the file as it is',
  },
  {
    key: 'unwritten_is_map_change',
    values: ['true', 'false'],
    fallback: 'true',
    text: 'whether the first write to an unwritten block is a change of the map for seals and layouts',
  },
  {
    key: 'lease.inplace_write_breaks',
    values: ['default', 'true', 'false'],
    fallback: 'default',
    text: 'whether a write to blocks that are there counts as a change: default is yes for mapdirect-lease and pnfs-layout, no for layout-user',
  },
  {
    key: 'layout-user.write',
    values: ['draft', 'xfsrfc'],
    fallback: 'draft',
    text: 'in-place write under a layout lease: allowed, or ETXTBSY for others and EDEADLOCK for the holder',
  },
  {
    key: 'layout-user.lease',
    values: ['exclusive', 'breakable'],
    fallback: 'exclusive',
    text: 'kind of layout lease that is taken: others are refused, or break it and wait for the holder; with breakable, a lease of the trace is exclusive where it says so',
  },
  {
    key: 'lease_break_time_s',
    values: 'seconds',
    fallback: '45',
    text: 'time a lease holder has after a break, of ordinary leases (F_SETLEASE) too; 0 means for ever (/proc/sys/fs/lease-break-time); where a recording shows that the kernel took a lease earlier, it does so here',
  },
  {
    key: 'lease_until_last_pin',
    values: ['true', 'false'],
    fallback: 'true',
    text: 'whether a layout lease stays until the last pin of the file is gone, also when it was given back before',
  },
  {
    key: 'pnfs.block_fence_helper',
    values: ['true', 'false'],
    fallback: 'true',
    text: 'whether a pNFS client that does not give its layout back can be fenced',
  },
  {
    key: 'famfs.past_eof',
    values: ['efbig', 'short'],
    fallback: 'efbig',
    text: 'write past the end of a famfs file: refused with EFBIG, or a short write of nothing',
  },
  {
    key: 'on_refused_pin',
    values: ['abort', 'odp', 'bounce'],
    fallback: 'abort',
    text: 'what an application does whose long-term pin is refused: gives up, registers on demand (the device faults), or copies through a buffer at every access; the refusal is counted all the same',
  },
  {
    key: 'zap_scope',
    values: ['file', 'range'],
    fallback: 'file',
    text: 'how much of a file loses its page-table entries, and what devices on demand translated through them, when something invalidates: the wait for pins is one for the whole file all the same (recorded)',
  },
  {
    key: 'dax_wait',
    values: ['wakes', 'until-signal'],
    fallback: 'wakes',
    text: 'what ends a wait for pins: the pin going away, or (Linux 6.1) only a signal, which a trace tells of when it kills',
  },
  {
    key: 'coherence',
    values: ['hardware', 'software'],
    fallback: 'hardware',
    text: 'whether CPU and device see each other’s stores in device memory (PMR, CMB behind PCIe) without a flush; in software every hand-over is priced, and one without fsync, msync or a synchronous write is a hazard (incoherent)',
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
