// What a running recording shows on a terminal: one line, drawn over itself.
import type { BirthCounts } from '../record/births.js';
import type { Range } from '../record/cost.js';
import type { Live } from '../record/recording.js';
import type { BufferSize } from '../record/sizing.js';
import { formatBytes, formatCount, formatNs, formatShare, plural } from '../report/format.js';
import type { Context } from './command.js';
import { clean, plain } from './text.js';

const CLEAR = '\r\u001b[K';
const TOP = 3;

export interface LiveLine {
  draw(figures: Live): void;
  /** Takes the line away for another that comes. */
  pause(): void;
  end(): void;
}

export function startLive({ io, draws }: Context): LiveLine {
  let drawn = false;
  const pause = (): void => {
    if (drawn) io.err(CLEAR);
    drawn = false;
  };
  return {
    draw(figures) {
      if (!draws) return;
      drawn = true;
      const top = figures
        .top(TOP)
        .map(({ path, inode, events }) => `${path === '' ? `inode ${inode}` : path.replace(/^.*\//, '')} ${events}`);
      const line = `${liveLine(figures)}  ${top.join(', ')}`;
      io.err(`${CLEAR}${clean(plain(line)).slice(0, Math.max(io.columns - 1, 20))}`);
    },
    pause,
    end: pause,
  };
}

export function liveLine({ seconds, events, lost, bytes, cpuShare, tracingNs }: Live): string {
  const cost = tracingNs === null ? '' : `, tracing ${formatShare(tracingNs.typical / 1e9 / Math.max(seconds, 0.001))}`;
  const rate = formatCount(Math.round(events / Math.max(seconds, 0.001)));
  return plain(
    `${seconds.toFixed(1)} s, ${plural(events, 'event')} (${rate}/s), ${formatCount(lost)} lost, ${formatBytes(bytes)}, recorder ${formatShare(cpuShare)}${cost} of a CPU`,
  );
}

/** What the trial measured, and why the buffers are as large as they are. */
export function sizeText({ kib, reason, wantedKib, trial }: BufferSize): string {
  const size = formatBytes(kib * 1024);
  if (trial === null)
    return `buffers of ${size} per CPU, without a trial: dd cannot be run or watched here; --buffer sets another size`;
  const { mostEventsPerSecond, eventsPerSecond, bytesPerEvent, pauseNs, lateNs, readBytesPerSecond } = trial;
  const perSecond = (count: number): string => formatCount(Number(count.toPrecision(3)));
  const found = `trial: one CPU can make ${perSecond(mostEventsPerSecond)} events/s of ${Math.round(bytesPerEvent)} bytes, ${perSecond(eventsPerSecond)}/s come by themselves; the reader takes ${formatBytes(readBytesPerSecond)}/s and may be ${formatNs(pauseNs + lateNs)} away`;
  const why =
    reason === 'memory'
      ? `twice what comes meanwhile would be ${formatBytes(wantedKib * 1024)} per CPU, the free memory allows buffers of ${size}`
      : `buffers of ${size} per CPU hold twice what comes meanwhile`;
  return `${found}; ${why}`;
}

export function birthsText({ born, seen, halfWithinUs, allWithinUs }: BirthCounts): string {
  const gone = born - seen;
  const looked = `${plural(seen, 'new process or program', 'new processes and programs')} looked at, half of them within ${formatNs(halfWithinUs * 1000)}, all within ${formatNs(allWithinUs * 1000)}`;
  return gone === 0 ? looked : `${looked}; ${formatCount(gone)} were gone before, known by their events`;
}

/** Seconds of CPU, with the quartiles of what was measured. */
export function costText({ low, typical, high }: Range, seconds: number): string {
  const share = (ns: number): string => formatShare(ns / 1e9 / Math.max(seconds, 0.001));
  return `tracing cost the workload about ${formatNs(typical)} of CPU time (${formatNs(low)} to ${formatNs(high)}), ${share(typical)} of a CPU (${share(low)} to ${share(high)})`;
}
