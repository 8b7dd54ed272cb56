// Which row ends each hold of the trace, and where an application would have sealed (replay reference, section 3: a seal is called
// before the mapping through which a device later holds the file).
import { Flag, Op } from '../model/events.js';
import { NONE } from '../model/units.js';
import type { Handles } from './handles.js';
import { type EngineInput, pidAt } from './input.js';
import { failed, type HoldRows } from './survey.js';

export type SealRule =
  | { readonly kind: 'explicit' | 'dma' | 'mapped' }
  | { readonly kind: 'files'; readonly glob: RegExp };

/** Bits of `SealPlan.atRow`: a seal is called before it; this mapping is a direct one; the last of a hold goes with it. */
export const SealHere = { callBefore: 1, direct: 2, ends: 4 } as const;

interface LiveHold {
  readonly handle: number;
  readonly file: number;
  readonly pid: number;
  readonly row: number;
  readonly mapping: boolean;
  readonly from: number;
  readonly to: number;
  /** Row of the earliest mapping alive when this one was made: an application would have sealed before that. */
  readonly firstRow: number;
  remaining: number;
}

export class LiveHolds implements HoldRows {
  /** By event row: bits of `SealHere`. */
  readonly atRow: Uint8Array;
  /** By number of a handle: row that acquires it, and row that releases it, NONE for none. */
  readonly startRow: Uint32Array;
  readonly endRow: Uint32Array;
  private readonly input: EngineInput;
  private readonly rule: SealRule;
  private readonly handles: Handles;
  /** By file: sealed for the whole trace. */
  private readonly wholeTrace: Uint8Array;
  private readonly live = new Map<number, LiveHold>();
  private readonly ofFile = new Map<number, Set<LiveHold>>();

  constructor(input: EngineInput, rule: SealRule, handles: Handles, wholeTrace: Uint8Array) {
    this.input = input;
    this.rule = rule;
    this.handles = handles;
    this.wholeTrace = wholeTrace;
    this.atRow = new Uint8Array(input.columns.rows);
    this.startRow = new Uint32Array(handles.count).fill(NONE);
    this.endRow = new Uint32Array(handles.count).fill(NONE);
  }

  acquire(i: number): void {
    const { columns: c } = this.input;
    const file = c.file[i]!;
    const handle = c.handle[i]!;
    if (file === NONE || handle === 0 || failed(c.result[i]!)) return;
    const known = this.live.get(handle);
    if (known !== undefined) this.end(known, i);
    const holds = this.ofFile.get(file) ?? new Set<LiveHold>();
    this.ofFile.set(file, holds);
    const mapping = c.op[i] === Op.mmap;
    const whole = (c.flags[i]! & Flag.whole) !== 0 || c.length[i]! < 0;
    let firstRow = i;
    if (mapping) for (const h of holds) if (h.mapping && h.firstRow < firstRow) firstRow = h.firstRow;
    const hold: LiveHold = {
      handle,
      file,
      pid: pidAt(this.input, i),
      row: i,
      mapping,
      from: whole ? 0 : c.offset[i]!,
      to: whole ? Number.POSITIVE_INFINITY : c.offset[i]! + c.length[i]!,
      firstRow,
      remaining: whole ? Number.POSITIVE_INFINITY : c.length[i]!,
    };
    this.live.set(handle, hold);
    this.startRow[this.handles.of(handle)] = i;
    holds.add(hold);
    this.place(hold, holds);
  }

  /** Where the seal for this hold would have been called. */
  private place(hold: LiveHold, holds: ReadonlySet<LiveHold>): void {
    const { rule, wholeTrace } = this;
    const { op, flags } = this.input.columns;
    const here = flags[hold.row]!;
    if (hold.mapping) {
      const direct = (here & Flag.direct) !== 0;
      const written = rule.kind === 'mapped' && (here & Flag.shared) !== 0 && (here & Flag.writable) !== 0;
      if (direct || written || wholeTrace[hold.file] === 1) this.markDirect(hold);
      return;
    }
    const device = op[hold.row] === Op.pin || op[hold.row] === Op.register || op[hold.row] === Op.swapon;
    if (!device || (rule.kind !== 'dma' && rule.kind !== 'mapped')) return;
    let through = false;
    for (const h of holds) {
      if (!h.mapping || h.pid !== hold.pid || h.to <= hold.from || h.from >= hold.to) continue;
      this.markDirect(h);
      through = true;
    }
    // No mapping seen for it: sealed when the device takes hold.
    if (!through) this.atRow[hold.row]! |= SealHere.callBefore | SealHere.direct;
  }

  private markDirect(hold: LiveHold): void {
    this.atRow[hold.row]! |= SealHere.direct;
    this.atRow[hold.firstRow]! |= SealHere.callBefore;
  }

  release(i: number): void {
    const { columns: c } = this.input;
    const hold = this.live.get(c.handle[i]!);
    if (hold === undefined || failed(c.result[i]!)) return;
    // Part of a mapping may go; the hold ends with its last byte.
    if (c.op[i] === Op.munmap && c.length[i]! > 0) hold.remaining -= c.length[i]!;
    else hold.remaining = 0;
    if (hold.remaining <= 0) this.end(hold, i);
  }

  endOfProcess(i: number): void {
    const pid = pidAt(this.input, i);
    for (const hold of [...this.live.values()])
      if (hold.pid === pid && this.input.columns.op[hold.row] !== Op.swapon) this.end(hold, i);
  }

  private end(hold: LiveHold, row: number): void {
    this.endRow[this.handles.of(hold.handle)] = row;
    this.atRow[row]! |= SealHere.ends;
    this.live.delete(hold.handle);
    this.ofFile.get(hold.file)?.delete(hold);
  }
}
