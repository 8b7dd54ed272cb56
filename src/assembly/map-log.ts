// Changes of block maps as they were observed, kept until the end of the recording: only then is it known how the file
// system numbers its blocks (XFS allocation groups), where DAX memory starts, and whose blocks a device touched.

/** What a row of the log is. `insert` maps, `remove` makes a hole, `seen` only looked; `reset` and `unknown` take the whole file. */
export type MapChange =
  | 'insert'
  | 'remove'
  | 'seen'
  | 'reset'
  | 'known'
  | 'unknown'
  | 'collapse'
  | 'insertHole'
  | 'cow-insert'
  | 'cow-remove';

export interface MapRow {
  readonly change: MapChange;
  readonly timeNs: number;
  readonly file: number;
  readonly device: number;
  /** File blocks. */
  readonly offset: number;
  readonly count: number;
  /** File system block number as the event says it; DELALLOC, HOLE for none. */
  readonly block: number;
  readonly unwritten: boolean;
  readonly reflinked: boolean;
  readonly opId: number;
  readonly task: number;
  readonly row: number;
}

export const DELALLOC = -2;
export const HOLE = -1;

/** Who is changing maps now; filled by the assembler before each event. */
export interface Author {
  timeNs: number;
  opId: number;
  task: number;
  row: number;
  /** Inside a reflink or dedupe: what is inserted is shared. */
  sharing: boolean;
}

export class MapLog {
  readonly rows: MapRow[] = [];
  readonly author: Author = { timeNs: 0, opId: 0, task: 0, row: 0, sharing: false };

  add(
    change: MapChange,
    file: number,
    device: number,
    offset: number,
    count: number,
    block: number,
    unwritten = false,
  ): void {
    const { timeNs, opId, task, row, sharing } = this.author;
    this.rows.push({
      change,
      timeNs,
      file,
      device,
      offset,
      count,
      block,
      unwritten,
      reflinked: sharing && change === 'insert',
      opId,
      task,
      row,
    });
  }
}
