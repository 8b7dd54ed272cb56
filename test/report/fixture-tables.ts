// Decision and price tables like those of a real run.
import type { Basis } from '../../src/model/costs.js';
import { CASES, type Cell } from '../../src/model/policy.js';
import type { PriceRow, TableRow } from '../../src/results/types.js';
import { POLICIES, type PolicyId } from './fixture-latency.js';

const CHANGES: Readonly<Record<PolicyId, Cell>> = {
  recorded: 'ok',
  pagecache: 'ok',
  dax: 'H',
  'mapsync-pin': 'W',
  ondisk: 'TXT',
  mapdirect: 'TXT',
  'mapdirect-lease': 'B',
  odp: 'I',
};

const heldOf = (policy: PolicyId, name: string): string => {
  if (/truncate|fallocate|unshare|reflink|exchange/.test(name)) return CHANGES[policy];
  if (/write_(hole|shared|past)/.test(name) && ['ondisk', 'mapdirect', 'mapdirect-lease'].includes(policy))
    return CHANGES[policy];
  if (/fault_(hole|unwritten|shared)/.test(name))
    return ['ondisk', 'mapdirect', 'mapdirect-lease'].includes(policy) ? 'BUS' : policy === 'mapsync-pin' ? 'C' : 'ok';
  if (name === 'unlink' && policy === 'ondisk') return 'PRM';
  return 'ok';
};

export const tablesOf = (): readonly TableRow[] =>
  POLICIES.flatMap((policy) =>
    CASES.map(
      (operationCase): TableRow => ({
        policy,
        operationCase,
        unheld: policy === 'mapsync-pin' && operationCase.startsWith('write_fault') ? 'C?' : 'ok',
        held: heldOf(policy, operationCase),
      }),
    ),
  );

const price = (step: string, fixedNs: number, basis: Basis, from: string, nsPerByte = 0, range = ''): PriceRow => ({
  step,
  fixedNs,
  nsPerByte,
  basis,
  range,
  from,
});

export const PRICES: readonly PriceRow[] = [
  price('write', 2100, 'measured', '4 KiB cached write, 2-vCPU VM, Linux 6.18'),
  price('read_fault', 4400, 'measured', 'fault-around of 16 pages, same machine'),
  price('write_fault', 10_000, 'sourced', 'J. Kara 2017, MAP_SYNC series, ramdisk', 0, '9 to 46 µs'),
  price('commit', 100_000, 'derived', 'from the MAP_SYNC figures', 0, '60 to 200 µs'),
  price('zero', 0, 'sourced', 'Optane bandwidth, arXiv 1903.05714', 0.072, '2.3 to 13.9 GB/s'),
  price('recall', 6500, 'measured', 'cooperative SIGIO handler, same host', 0, 'p99 10.2 µs'),
  price('refault', 220_000, 'sourced', 'ASPLOS 2017, doi 10.1145/3037697.3037710', 0, 'x1000 in bad cases'),
  price('register', 30_000, 'guess', 'nobody published a figure', 0.037),
  price('invalidate', 60_000, 'guess', 'cheaper than a device fault'),
];
