// What every text of kernel records has in common once a line is taken apart: kinds by name, and the way
// into assembly and into the table of records.
import type { TraceSink } from '../model/trace.js';
import { Losses } from './losses.js';
import { PayloadDecoder } from './payload.js';

/** Who acted; `pid` is -1 where the line does not tell the process. */
export interface Actor {
  readonly comm: number;
  readonly tid: number;
  readonly pid: number;
}

/** A kind of record, and the code of its kernel event; -1 when sealtrace does not know it. */
export interface LineKind {
  readonly kind: number;
  readonly event: number;
}

export class KernelLines {
  readonly sink: TraceSink;
  readonly decoder: PayloadDecoder;
  /** Number of the line at hand, from 1. */
  line = 0;
  readonly losses: Losses;

  constructor(sink: TraceSink) {
    this.sink = sink;
    this.decoder = new PayloadDecoder(sink.kernel);
    this.losses = new Losses(sink);
  }

  kind(name: string, event = this.sink.kernel.catalogue.code(name)): LineKind {
    return { kind: this.sink.records.kindId(name, event >= 0), event };
  }

  /** Sets who, when and where for `decoder.record`. */
  begin(timeNs: number, cpu: number, actor: Actor): void {
    this.losses.at(cpu, timeNs);
    const { record } = this.decoder;
    record.timeNs = timeNs;
    record.cpu = cpu;
    record.tid = actor.tid;
    record.pid = actor.pid;
    record.comm = actor.comm;
    record.row = this.line;
  }

  /** Hands a fact over whose values are given, in the order of its slots; returns the `opId` it belongs to. */
  tell(event: number, values: readonly number[]): number {
    const { record } = this.decoder;
    record.event = event;
    record.v.fill(Number.NaN);
    record.arrays.length = 0;
    record.v.set(values);
    return this.sink.kernel.take();
  }

  /** Counts the line as a record. */
  commit({ kind }: Pick<LineKind, 'kind'>, opId: number): void {
    const { records } = this.sink;
    const { record } = this.decoder;
    records.timeNs = record.timeNs;
    records.kind = kind;
    records.task = this.sink.kernel.task(record.tid, record.pid, record.comm);
    records.cpu = record.cpu;
    records.row = this.line;
    records.opId = opId;
    records.commit();
  }
}
