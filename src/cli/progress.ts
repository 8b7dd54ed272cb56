// Progress on stderr: drawn on a terminal while it lasts, and one line of figures at its end.
import { formatBytes, formatCount, plural } from '../report/format.js';
import type { IngestProgress } from '../trace/ingest.js';
import type { Io } from './io.js';
import { plain } from './text.js';

/** Milliseconds between two drawings. */
const PAUSE = 100;
const CLEAR = '\r\u001b[K';

export interface Meter {
  update(progress: IngestProgress): void;
  /** Removes what was drawn; says what was read, unless quiet or nothing was. Without a name: it was not read to its end. */
  end(name: string): void;
}

export function startMeter(io: Io, draws: boolean, quiet: boolean): Meter {
  const begin = io.now();
  let drawn = -1;
  let last: IngestProgress | null = null;
  return {
    update(progress) {
      last = progress;
      const now = io.now();
      if (!draws || (drawn >= 0 && now - drawn < PAUSE)) return;
      drawn = now;
      io.err(`${CLEAR}${share(progress)}${figures(progress, now - begin)}`);
    },
    end(name) {
      if (drawn >= 0) io.err(CLEAR);
      if (!quiet && last !== null && name !== '') io.err(`sealtrace: ${name}: ${figures(last, io.now() - begin)}\n`);
    },
  };
}

function share({ bytesDone, bytesTotal }: IngestProgress): string {
  return bytesTotal > 0 ? `${String(Math.min(100, Math.floor((100 * bytesDone) / bytesTotal))).padStart(3)} %  ` : '';
}

function figures({ bytesDone, records }: IngestProgress, ms: number): string {
  const seconds = Math.max(ms, 1) / 1000;
  const megabytes = (bytesDone / 1e6 / seconds).toFixed(1);
  const rate = formatCount(Math.round(records / seconds));
  return plain(
    `${plural(records, 'event')} from ${formatBytes(bytesDone)} in ${seconds.toFixed(2)} s (${megabytes} MB/s, ${rate} events/s)`,
  );
}
