// What the recorder makes of the kernel's words on new processes, and what it says events cost.
import { expect, test } from 'vitest';
import { birthsText, costText } from '../../src/cli/record-live.js';
import { plain } from '../../src/cli/text.js';
import { bornIn } from '../../src/record/born.js';
import { costOf, rangeOf } from '../../src/record/cost.js';

test('births of a piece of text, by process: those made and the programs begun', () => {
  const text = [
    '              sh-100     [001] .....    12.345678: task_newtask: pid=101 comm=sh clone_flags=1200000 oom_score_adj=0',
    '  a pid=7 b-101     [000] .....    12.345700: sched_process_exec: filename=/usr/bin/a pid=9 pid=101 old_pid=101',
    '              sh-100     [001] .....  1012.000001: task_newtask: pid=102 comm=: task_ clone_flags=1200000 oom_score_adj=0',
    '           <...>-77      [001] .....  1012.000002: tracing_mark_write: stop',
    '',
  ].join('\n');
  expect([...bornIn(text)]).toEqual([
    [101, { atNs: 12_345_678_000n, births: 2 }],
    [102, { atNs: 1_012_000_001_000n, births: 1 }],
  ]);
  expect(bornIn('').size).toBe(0);
});

test('who was gone before the look is counted aloud', () => {
  const counts = { born: 12, seen: 12, halfWithinUs: 64, allWithinUs: 2048 };
  expect(plain(birthsText(counts))).toBe(
    '12 new processes and programs looked at, half of them within 64 µs, all within 2.05 ms',
  );
  expect(plain(birthsText({ ...counts, seen: 0 }))).toMatch(/^12 new .* gone before a look, known by their events$/);
  expect(plain(birthsText({ ...counts, seen: 9 }))).toMatch(/^9 new .*; 3 were gone before, known by their events$/);
});

test('the cost of a run is that of its events, with the quartiles of what was measured', () => {
  const callNs = rangeOf([300, 500, 400, 100, -20]);
  expect(callNs).toEqual({ low: 100, typical: 300, high: 400 });
  const cost = costOf({ callNs, mapNs: { low: 1, typical: 2, high: 3 } }, { calls: 1_000_000, maps: 10_000_000 });
  expect(cost).toEqual({ low: 110e6, typical: 320e6, high: 430e6 });
  expect(plain(costText(cost, 2))).toBe(
    'tracing cost the workload about 320 ms of CPU time (110 ms to 430 ms), 16 % of a CPU (5.5 % to 21.5 %)',
  );
});
