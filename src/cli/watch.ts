// Waiting for a file, or the files of a bundle, to change. By looking again and again: notifications miss renames and network mounts.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** How often is looked, and how long a file that keeps growing may put off the answer. */
export interface Pace {
  readonly lookMs: number;
  readonly longestMs: number;
}
const PACE: Pace = { lookMs: 500, longestMs: 5000 };

/** Changes whenever the content may have; empty where there is nothing. */
export function stateOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return '';
  if (!stat.isDirectory()) return `${stat.ino} ${stat.size} ${stat.mtimeMs}`;
  return readdirSync(path)
    .sort()
    .map((name) => `${name} ${stateOf(join(path, name))}`)
    .join('\n');
}

/** Resolves when something else than `seen` is there and has been still for one look, or has been growing for too long. */
export async function changed(path: string, seen: string, { lookMs, longestMs }: Pace = PACE): Promise<void> {
  let last = seen;
  let growingMs = 0;
  for (;;) {
    const now = stateOf(path);
    if (now !== '' && now !== seen) {
      if (now === last || growingMs >= longestMs) return;
      growingMs += lookMs;
    }
    last = now;
    await pause(lookMs);
  }
}
