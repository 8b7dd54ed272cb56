// How V8 keeps its memory. By itself it lets it grow as long as there is room, to 48 MiB for what is thrown away at once and
// to several times what is in use for the rest. Those who read a recording piece by piece make little that lasts, and are as
// fast with less.
import { setFlagsFromString } from 'node:v8';

/** Takes effect where memory would grow next. */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=20');
}
