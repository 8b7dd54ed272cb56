// How far the clock of bpftrace is ahead of the recorder's, by text of /proc/timer_list of a machine that had slept.
import { expect, test } from 'vitest';
import { sleptNs } from '../../src/record/boot-clock.js';

const clock = (number: number, offset: string): string =>
  ` clock ${number}:\n  .base:       000000000f86bb8a\n  .index:      ${number}\n  .resolution: 1 nsecs\n  .offset:     ${offset} nsecs\nactive timers:\n #0: <000000003b87a031>, tick_nohz_handler, S:01\n`;
const HEAD = 'Timer List Version: v0.10\nHRTIMER_MAX_CLOCK_BASES: 8\nnow at 74248850924956 nsecs\n\ncpu: 0\n';
const WALL = '1796021125143631322';

test('the third clock is that of the machine since its start, of older kernels with its function', () => {
  const text = `${HEAD}${clock(0, '0')}${clock(1, WALL)}${clock(2, '61000482119')}${clock(3, WALL)}`;
  expect(sleptNs(text)).toBe(61_000_482_119n);
  expect(sleptNs(text.replaceAll('  .offset', '  .get_time:   ktime_get_boottime\n  .offset'))).toBe(61_000_482_119n);
  expect(sleptNs(`${HEAD}${clock(0, '0')}${clock(1, WALL)}`)).toBeNull();
  expect(sleptNs('')).toBeNull();
});
