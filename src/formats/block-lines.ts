// What blkparse and the kernel's own `blk` tracer print alike: action, direction, and behind them sectors and a name (blkparse(1);
// kernel/trace/blktrace.c).
import type { TraceSink } from '../model/trace.js';
import { type BlockEvent, SECTOR, type Transfer } from './block-events.js';
import type { BlockRequests } from './block-requests.js';

/** `8 + 16`, `8 + 16 <- (8,1) 4`, `8 / 16`, `36 (12 00 ..)`, `8`; then times of -t, `[name]` or `[error]`, and numbers. What -f puts there is none of it. */
const PAYLOAD =
  /^(?:(\d+)(?: ([+/]) (\d+))?)?(?: <- \((\d+),(\d+)\) (\d+))?\s*(?:\([^)]*\)\s*)?(?:\[(.*)\]\s*(\d+)?)?\s*$/;
const MOST_CPU = 0xffff;
/** No record is nearly as long; longer lines are not matched against patterns. */
export const LONGEST_RECORD = 1000;

/** A line taken apart, up to its direction. */
export interface BlockLine {
  /** major * 2^20 + minor. */
  readonly device: number;
  readonly cpu: number;
  readonly tid: number;
  /** Of its task, where the line tells it beside the sectors. */
  readonly name?: string;
  readonly letters: string;
  readonly rwbs: string;
  /** What stands behind the direction. */
  readonly rest: string;
}

/** The event of a line; null where its end is not as the kernel and blkparse print it. */
export function blockEvent(
  sink: TraceSink,
  requests: BlockRequests,
  line: BlockLine,
  timeNs: number,
  row: number,
): BlockEvent | null {
  const { device, cpu, tid, letters, rwbs, rest } = line;
  const action = letters === 'UT' ? 'T' : letters;
  const payload = PAYLOAD.exec(rest);
  if (payload === null && action !== 'm') return null;
  const [, sector, sign, second, fromMajor, fromMinor, from, bracket] = payload ?? [];
  const completed = action === 'C';
  const name = line.name ?? (completed || bracket === '(null)' ? '' : (bracket ?? ''));
  return {
    action,
    timeNs,
    cpu: Math.min(MOST_CPU, cpu),
    device,
    transfer: transferOf(rwbs),
    passthrough: sector !== undefined && sign === undefined,
    sector: Number(sector ?? 0),
    // A split tells no length; its bio does.
    bytes: sign === '+' ? Number(second) * SECTOR : action === 'X' ? requests.length(device, Number(sector)) : 0,
    other: sign === '/' ? Number(second) : Number(from ?? -1),
    otherDevice: fromMajor === undefined ? -1 : Number(fromMajor) * 2 ** 20 + Number(fromMinor),
    rwbs,
    tid,
    text: action === 'm' ? rest : '',
    error: completed ? Math.min(0x7fff, Math.abs(Number(bracket) || 0)) : 0,
    task: sink.events.taskId(tid, tid, name),
    row,
  };
}

/** The first letter behind a flush tells; `Z` are commands of zones, `N` is none of all. */
function transferOf(rwbs: string): Transfer {
  const kind = rwbs.replace(/^F(?=[RWD])/, '')[0];
  if (kind === 'R') return 'read';
  if (kind === 'W') return 'write';
  return kind === 'D' ? 'discard' : 'none';
}
