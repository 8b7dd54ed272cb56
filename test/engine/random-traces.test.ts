// Random small traces over three files and three processes: what holds for every policy whatever happens.

import { expect, test } from 'vitest';
import { reference } from '../../src/costs/reference.js';
import { newLane } from '../../src/engine/replay.js';
import { planSeals } from '../../src/engine/seal-plan.js';
import { Op } from '../../src/model/events.js';
import * as registry from '../../src/policies/index.js';
import { engineInput } from '../../src/results/input.js';
import { onDenyOf, sealRuleOf, unsealOf } from '../../src/results/rules.js';
import fc from '../support/fast-check.js';
import { build, type Line, PAGE, pages, runOf, traceOf, written } from '../support/replay.js';

const FILES = ['/a', '/b', '/c'];
const UNMADE: Readonly<Record<string, string>> = {
  mmap: 'munmap',
  pin: 'unpin',
  register: 'deregister',
  swapon: 'swapoff',
  lease: 'lease_release',
  layout_get: 'layout_return',
};
const TAKES = [
  'mmap',
  'mmap',
  'mmap',
  'pin',
  'pin',
  'register',
  'register',
  'swapon',
  'lease',
  'layout_get',
  'address_query',
];

const step = fc.record({
  kind: fc.constantFrom('call', 'call', 'call', 'two', 'take', 'take', 'drop', 'dma', 'dma', 'seal', 'exit'),
  op: fc.nat(),
  file: fc.constantFrom(...FILES),
  other: fc.constantFrom(...FILES),
  pid: fc.constantFrom(10, 20, 30),
  from: fc.nat(11),
  count: fc.integer({ min: 1, max: 5 }),
  handle: fc.nat(),
  flag: fc.boolean(),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const CALLS = [
  ...['read', 'write', 'truncate', 'fallocate', 'punch', 'zero', 'collapse', 'insert', 'unshare', 'unlink', 'setattr'],
  ...['fsync', 'read_fault', 'write_fault', 'open', 'write', 'punch'],
];
const pick = <T>(list: readonly T[], n: number): T => list[n % list.length]!;

interface Taken {
  readonly handle: string;
  readonly op: string;
  readonly pid: number;
  readonly range: object;
}

/** Lines as somebody could have recorded them: what is given back was taken before, and by nobody who is gone. */
function linesOf(steps: readonly Step[]): Line[] {
  const lines = FILES.flatMap((path, i) => written(path, 8, 100 * (i + 1)));
  const taken: Taken[] = [];
  steps.forEach((s, i) => {
    const t = (i + 1) * 1_000;
    const range = pages(s.from, s.count);
    const base = { t, pid: s.pid, path: s.file };
    const held = taken.length === 0 ? undefined : pick(taken, s.handle);
    if (s.kind === 'call') {
      const op = pick(CALLS, s.op);
      const flags = op === 'write' && s.flag ? ['nowait'] : op === 'open' && s.flag ? ['write', 'trunc'] : [];
      const where =
        op === 'truncate' ? { size: s.from * PAGE } : ['unlink', 'setattr', 'fsync', 'open'].includes(op) ? {} : range;
      lines.push({ ...base, op, ...where, flags });
    } else if (s.kind === 'two') {
      const op = pick(['reflink', 'dedupe', 'exchange', 'swapext', 'rename'], s.op);
      if (op === 'rename') lines.push({ ...base, op, flags: ['over'] });
      else
        lines.push({
          ...base,
          op,
          ...(op === 'swapext' ? {} : range),
          to: { path: s.other, ...(op === 'swapext' ? {} : { off: s.from * PAGE }) },
        });
    } else if (s.kind === 'take') {
      const op = pick(TAKES, s.op);
      const handle = `h${i}`;
      const flags = op === 'mmap' ? ['shared', 'writable', ...(s.flag ? ['direct'] : [])] : ['write'];
      lines.push({ ...base, op, ...range, handle, flags });
      taken.push({ handle, op, pid: s.pid, range });
    } else if (s.kind === 'drop' && held !== undefined && UNMADE[held.op] !== undefined) {
      lines.push({ t, pid: held.pid, op: UNMADE[held.op]!, handle: held.handle });
      taken.splice(taken.indexOf(held), 1);
    } else if (s.kind === 'dma' && held !== undefined && held.op !== 'mmap') {
      lines.push({ t, pid: held.pid, op: s.flag ? 'dma_read' : 'dma_write', handle: held.handle, ...held.range });
    } else if (s.kind === 'seal') lines.push({ ...base, op: s.flag ? 'seal' : 'unseal' });
    else if (s.kind === 'exit' && s.op % 4 === 0) {
      lines.push({ t, pid: s.pid, op: 'exit', flags: s.flag ? ['killed'] : [] });
      for (const one of [...taken]) if (one.pid === s.pid) taken.splice(taken.indexOf(one), 1);
    }
  });
  return lines;
}

const sum = (counts: object): number => Object.values(counts).reduce((total: number, n: number) => total + n, 0);
const options = fc.record({
  sealRule: fc.constantFrom('dma', 'explicit', 'mapped', 'files:a'),
  unseal: fc.constantFrom('never', 'last-release', 'idle:3us'),
  onDeny: fc.constantFrom('skip', 'unseal', 'retry:2us'),
  timing: fc.constantFrom('open' as const, 'closed' as const),
  settings: fc.constantFrom<Record<string, string>>(
    {},
    { era: '2017' },
    { lease_break_time_s: '0.000004' },
    { pins_extend_seal: 'true' },
    { lease_until_last_pin: 'false', fs: 'ext4' },
  ),
});
const policies = Object.values(registry).map(({ name }) => name);

test('sums, maps, determinism and the promises of a live seal', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), options, async (steps, chosen) => {
      const trace = await traceOf(linesOf(steps));
      const run = runOf(trace, { ...chosen, policies });
      expect(JSON.stringify(runOf(trace, { ...chosen, policies }))).toBe(JSON.stringify(run));
      for (const lane of run.report.lanes) {
        expect(sum(lane.verdicts), lane.policy).toBe(lane.operations);
        expect(sum(lane.denied), lane.policy).toBe(lane.verdicts.deny);
        expect(sum(lane.hazards.byClass), lane.policy).toBe(lane.hazards.count);
        expect(lane.seals.opened, lane.policy).toBe(lane.seals.closed + lane.seals.aliveAtEnd);
        if (lane.policy === 'recorded') expect(lane.diverged).toBe(0);
      }
      for (const policy of ['ondisk', 'mapdirect', 'odp']) {
        const { hazards, seals } = run.details.find((detail) => detail.policy === policy)!;
        for (const hazard of hazards) {
          const row = trace.columns.timeNs.indexOf(hazard.atNs);
          const taken = trace.columns.handle.indexOf(trace.columns.handle[row]!);
          // No promise is broken when no seal was there all the time, or to a pin: on-demand paging knows registrations only.
          const sealed = seals.some(
            (s) =>
              s.file === hazard.file &&
              s.fromNs <= trace.columns.timeNs[taken]! &&
              (s.toNs < 0 || s.toNs > hazard.atNs),
          );
          const promised = policy === 'odp' ? trace.columns.op[taken] === Op.register : sealed;
          expect(promised ? [policy, hazard] : []).toEqual([]);
        }
      }
      const input = engineInput(trace);
      const sealRule = sealRuleOf(chosen.sealRule);
      for (const name of policies) {
        const policy = build(name, chosen.settings);
        const plan = {
          policies: [policy],
          costs: reference,
          sealRule,
          unseal: unsealOf(chosen.unseal),
          onDeny: onDenyOf(chosen.onDeny),
          timing: chosen.timing,
          kernel: build('dax'),
        };
        const lane = newLane(input, planSeals(input, sealRule), policy, plan);
        lane.finish();
        expect(lane.files.check(), name).toBe('');
      }
    }),
    { numRuns: 60, seed: 20170814 },
  );
});
