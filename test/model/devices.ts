// Devices at work in the naive replay: what they touch through a copy of the map against who owns the blocks now
// (replay.md section 5, hazard classes of seal-semantics.md section 1).
import type { Policy } from '../../src/model/policy.js';
import { PAGE } from '../support/replay.js';
import type { Call } from './calls.js';
import type { Lines } from './coherence.js';
import { type Disk, endOf, type FileModel } from './disk.js';
import type { Holds } from './holds.js';

export class Devices {
  readonly hazards: { readonly line: number; readonly class: string; readonly bytes: number }[] = [];
  refaults = 0;
  bounced = 0;
  private readonly policy: Policy;
  private readonly disk: Disk;
  private readonly holds: Holds;
  private readonly lines: Lines;

  constructor(policy: Policy, disk: Disk, holds: Holds, lines: Lines) {
    this.lines = lines;
    this.policy = policy;
    this.disk = disk;
    this.holds = holds;
  }

  /**
   * Through a copy of the map that was taken earlier: every block that is no longer there is stale. One access is one hazard,
   * of the class of its first stale block: the page has a class for a block, and no word on an access to several.
   */
  access(call: Call): void {
    const { holds } = this;
    if (holds.buffers.has(call.handle)) return this.bounce(call);
    const hold = holds.all.find((one) => one.handle === call.handle && one.stale);
    if (!holds.copies.has(call.handle)) return;
    if (hold !== undefined && this.policy.recorded !== true && holds.isPaged(hold, this.policy)) {
      hold.stale = false;
      this.refaults++;
      holds.copy(call.handle, hold.file, hold);
    }
    // Of the recorded run nobody saw when a device on demand lost its translation: it had one that was right.
    const own = holds.by(call.handle);
    if (this.policy.recorded === true && own?.kind === 'ondemand') holds.copy(call.handle, own.file, own);
    const copy = holds.copies.get(call.handle)!;
    const from = call.whole ? copy.offset : call.offset;
    const to = call.whole ? copy.offset + copy.length : call.offset + call.length;
    const blocks = [...copy.blocks].sort(([a], [b]) => a - b);
    const bytes = (at: number): number =>
      Math.max(0, Math.min(to, (at + 1) * PAGE, copy.offset + copy.length) - Math.max(from, at * PAGE, copy.offset));
    const moved = ([at, addr]: readonly [number, number]): boolean => copy.file.cells.get(at)?.addr !== addr;
    // Note 11: what a clone has got since, a device that writes changes as well.
    const cloned = ([at]: readonly [number, number]): boolean =>
      call.op === 'dma_write' && copy.file.cells.get(at)?.shared === true && !copy.shared.has(at);
    const met = blocks.filter((block) => bytes(block[0]) > 0 && (moved(block) || cloned(block)));
    const isElsewhere = met.some(moved) || this.disk.owners(met[0]?.[1] ?? -1).some(({ file }) => file !== copy.file);
    const stale = isElsewhere ? met : [];
    const start = Math.max(from, copy.offset);
    if (stale.length === 0) return this.lines.device(call, copy.file, start, Math.min(to, copy.offset + copy.length));
    const total = stale.reduce((sum, [at]) => sum + bytes(at), 0);
    this.hazards.push({ line: call.index, class: this.hazardClass(call.op, copy.file, stale[0]![1]), bytes: total });
  }

  /** The device works on a buffer; the CPU copies between it and the file. */
  private bounce(call: Call): void {
    const { call: registered, file } = this.holds.buffers.get(call.handle)!;
    const bounds = [registered, call].filter((one) => !one.whole && one.length >= 0);
    const from = Math.max(0, ...bounds.map(({ offset }) => offset));
    const to = Math.min(Math.max(file.size, endOf(file)), ...bounds.map(({ offset, length }) => offset + length));
    this.bounced++;
    this.lines.copied(call, file, from, to);
  }

  private hazardClass(op: string, file: FileModel, addr: number): string {
    const owners = this.disk.owners(addr);
    const other = owners.some((owner) => owner.file !== file);
    const meta = owners.length === 0 && this.disk.metadata.has(addr);
    if (!other && !meta) return 'a';
    return op === 'dma_read' ? 'b' : meta ? 'd' : 'c';
  }
}
