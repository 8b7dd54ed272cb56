// What a running recording shows on a terminal: one line, drawn over itself.
import type { Live } from '../record/session.js';
import { formatBytes, formatCount, formatShare, plural } from '../report/format.js';
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

export function liveLine({ seconds, events, lost, bytes, cpuShare }: Live): string {
  const rate = formatCount(Math.round(events / Math.max(seconds, 0.001)));
  return plain(
    `${seconds.toFixed(1)} s, ${plural(events, 'event')} (${rate}/s), ${formatCount(lost)} lost, ${formatBytes(bytes)}, recorder ${formatShare(cpuShare)} of a CPU`,
  );
}
