// CLOCK_BOOTTIME, by which bpftrace stamps: CLOCK_MONOTONIC and what the machine has slept.
import { readFileSync } from 'node:fs';
import { UserError } from '../model/issue.js';
import type { Host } from './recording.js';

/** How far it is ahead, ns, by the text of /proc/timer_list (its clocks: HRTIMER_BASE_BOOTTIME of the kernel is 2); null where that is not told. */
export function sleptNs(timerList: string): bigint | null {
  const told = /^ clock 2:\n(?: {2}\..*\n)*? {2}\.offset: +(\d+) nsecs$/m.exec(timerList);
  return told === null ? null : BigInt(told[1]!);
}

/** The same machine, with its times on that clock. */
export function onBootClock(host: Host): Host {
  const slept = sleptNs(timerList());
  if (slept === null)
    throw new UserError(
      'expected /proc/timer_list to tell how long this machine has slept, by which the clock of bpftrace is ahead; found nothing of it. Use --via trace-cmd or perf',
    );
  return { ...host, clock: 'boot', nowNs: () => host.nowNs() + slept };
}

function timerList(): string {
  try {
    return readFileSync('/proc/timer_list', 'utf8');
  } catch {
    return '';
  }
}
