// Device memory that software keeps coherent, in the naive replay: a mark for each cache line of a file that either side stored
// into (seal-semantics.md section 8, coherence; issue: flush between the CPU's store and the device's access, and the reverse).
import type { Policy } from '../../src/model/policy.js';
import { bytesOf, type Call } from './calls.js';
import { endOf, type FileModel } from './disk.js';

const LINE = 64;

interface Stored {
  readonly by: 'cpu' | 'device';
  isFlushed: boolean;
  /** The other side came before the flush: the hand-over is paid for, and every further access lacks a flush as well. */
  isMet: boolean;
}

export class Lines {
  handOvers = 0;
  readonly incoherent: { readonly line: number; readonly bytes: number }[] = [];
  private readonly isOn: boolean;
  private readonly stored = new Map<FileModel, Map<number, Stored>>();

  constructor(policy: Policy) {
    this.isOn = policy.behaviour.coherence === 'software' && policy.recorded !== true;
  }

  /** A call or fault of the CPU that went ahead, before what it takes away is taken. */
  cpu(call: Call, file: FileModel): void {
    const { op, offset } = call;
    if (!this.isOn) return;
    const to = offset + bytesOf(call, file);
    if (['fsync', 'msync'].includes(op)) this.flush(file, offset, to);
    if (['read', 'read_fault'].includes(op)) this.access(call, file, offset, to, 'cpu', false);
    if (['write', 'write_fault'].includes(op)) this.access(call, file, offset, to, 'cpu', true);
    if (op === 'write' && call.flags.has('sync')) this.flush(file, offset, to);
  }

  /** Between the file and a buffer of its application that a device works on. */
  copied(call: Call, file: FileModel, from: number, to: number): void {
    if (this.isOn) this.access(call, file, from, to, 'cpu', call.op === 'dma_write');
  }

  /** An access of a device that met nothing stale. */
  device(call: Call, file: FileModel, from: number, to: number): void {
    const end = Math.min(to, Math.max(file.size, endOf(file)));
    if (this.isOn) this.access(call, file, from, end, 'device', call.op === 'dma_write');
  }

  flushAll(file: FileModel): void {
    this.flush(file, 0, Number.POSITIVE_INFINITY);
  }

  forget(file: FileModel, from: number, to: number): void {
    for (const line of this.linesOf(file).keys()) if (overlaps(line, from, to)) this.linesOf(file).delete(line);
  }

  private access(call: Call, file: FileModel, from: number, to: number, side: Stored['by'], stores: boolean): void {
    if (to <= from) return;
    const lines = this.linesOf(file);
    let handed = 0;
    let lacking = 0;
    for (const [line, one] of [...lines]) {
      if (!overlaps(line, from, to) || one.by === side) continue;
      if (!one.isMet) handed++;
      if (!one.isFlushed) lacking++;
      if (one.isFlushed) lines.delete(line);
      else one.isMet = true;
    }
    if (handed > 0) this.handOvers++;
    if (lacking > 0) this.incoherent.push({ line: call.index, bytes: lacking * LINE });
    if (stores)
      for (let line = Math.floor(from / LINE); line * LINE < to; line++)
        lines.set(line, { by: side, isFlushed: false, isMet: false });
  }

  private flush(file: FileModel, from: number, to: number): void {
    for (const [line, one] of [...this.linesOf(file)]) {
      if (!overlaps(line, from, to)) continue;
      if (one.isMet) this.linesOf(file).delete(line);
      else one.isFlushed = true;
    }
  }

  private linesOf(file: FileModel): Map<number, Stored> {
    const lines = this.stored.get(file) ?? new Map<number, Stored>();
    this.stored.set(file, lines);
    return lines;
  }
}

const overlaps = (line: number, from: number, to: number): boolean => line * LINE < to && (line + 1) * LINE > from;
