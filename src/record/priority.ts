// The recorder's place among the processes that want a CPU.
import { getPriority, setPriority } from 'node:os';

/** Whoever empties the buffers late loses what is in them. What was started before keeps its place. */
const PRIORITY = -10;

/** Returns what ends it. */
export function hurry(pid: number): () => void {
  const before = getPriority(pid);
  try {
    setPriority(pid, PRIORITY);
  } catch {
    // A container may forbid it: then a busy machine needs larger buffers.
    return () => {};
  }
  return () => setPriority(pid, before);
}
