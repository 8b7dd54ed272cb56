// Probes are called as their maker likes, and `perf probe` calls them as the function, of which many have the name of a tracepoint
// (ext4_punch_hole, iomap_iter): they are told from it by how they begin. Source: kernel/trace/trace_{kprobe,uprobe,fprobe,eprobe}.c.
import type { TracepointFormat } from './tracepoint-format.js';

const FIELD = '__probe_';
const OPEN = 40;

export const isProbeFormat = ({ fields }: TracepointFormat): boolean =>
  fields.some(({ name }) => name.startsWith(FIELD));

/** Do the values that begin at `at` begin with the place of a probe: `(vfs_write+0x0/0x20)`, or `__probe_ip=` as raw reports have it? */
export function isProbeText(b: Uint8Array, at: number): boolean {
  if (b[at] === OPEN) return true;
  for (let i = 0; i < FIELD.length; i++) if (b[at + i] !== FIELD.charCodeAt(i)) return false;
  return true;
}
