// A block trace as the device's side of a story: the volume is a file that lies on its device block by block, and whoever
// sent the requests holds all of it, so that what is laid over the trace can move blocks under the requests.
import { Flag, Op, opSet } from '../model/events.js';
import { GUESSED } from '../model/issue.js';
import type { Trace } from '../model/trace.js';
import { type Bytes, NONE, UNKNOWN } from '../model/units.js';
import type { TraceBuilder } from './builder.js';
import { laidOver } from './overlay.js';

const PAGE = 4096;
const REQUESTS = opSet(['dma_read', 'dma_write']);

/** Files of which nothing but a device's requests are known: bytes that these reach, 0 for all other files. */
export function reachOfRequests({ columns: c, files }: Trace): Float64Array {
  const reach = new Float64Array(files.length);
  const others = new Uint8Array(files.length);
  for (let row = 0; row < c.rows; row++) {
    const file = c.file[row]!;
    if (file === NONE) continue;
    const isRequest = REQUESTS[c.op[row]!] === 1 && c.handle[row] === 0 && c.offset[row]! >= 0;
    if (!isRequest) others[file] = 1;
    else reach[file] = Math.max(reach[file]!, c.offset[row]! + Math.max(0, c.length[row]!));
  }
  return reach.map((bytes, file) => (others[file] === 1 ? 0 : Math.ceil(bytes / PAGE) * PAGE));
}

/** `builder`: an empty one; `pid`: of nobody in the trace. */
export function asDeviceSide(trace: Trace, chosen: readonly number[], builder: TraceBuilder, pid: number): Trace {
  const reach = reachOfRequests(trace);
  const volumes = chosen.filter((file) => reach[file]! > 0);
  if (volumes.length === 0) return trace;
  const sink = builder.startSource('assumed maps', 'synth', 0);
  const out = sink.events;
  const nextAddr = new Map<string, Bytes>();
  for (const file of volumes) {
    const { device } = trace.files[file]!;
    const addr = nextAddr.get(device) ?? 0;
    nextAddr.set(device, addr + reach[file]!);
    const task = out.taskId(pid, pid, 'device');
    const id = out.fileId(SIDE, String(file), '');
    const row = (op: number, flags: number, at: Bytes, by: number, handle: number): void => {
      Object.assign(out, { op, flags, file: id, task: by, offset: 0, length: reach[file]!, addr: at, handle });
      if (handle !== 0) out.opId = out.newId();
      out.commit();
    };
    row(Op.file, Flag.dax, UNKNOWN, NONE, 0);
    row(Op.extent, 0, addr, NONE, 0);
    row(Op.mmap, Flag.shared | Flag.writable, UNKNOWN, task, out.newId());
    row(Op.register, Flag.write, UNKNOWN, task, out.newId());
  }
  const names = volumes.length === 1 ? 'a volume' : `${volumes.length} volumes`;
  sink.issue(
    `${GUESSED}maps`,
    0,
    `the trace tells no block maps: ${names} taken as one run of blocks each, held by the device for the whole trace`,
  );
  const added = builder.finish();
  const whole = laidOver(trace, added, ({ inode }) => Number(inode), 'before');
  return throughHolds(whole, volumes);
}

const SIDE = 'device side';

/** Requests go through the registration of their volume. */
function throughHolds(trace: Trace, volumes: readonly number[]): Trace {
  const { columns: c } = trace;
  const handle = c.handle.slice();
  const held = new Uint32Array(trace.files.length);
  for (let row = 0; row < c.rows; row++) {
    const file = c.file[row]!;
    if (file === NONE || !volumes.includes(file)) continue;
    if (c.op[row] === Op.register) held[file] = handle[row]!;
  }
  for (let row = 0; row < c.rows; row++)
    if (REQUESTS[c.op[row]!] === 1 && c.file[row] !== NONE) handle[row] = held[c.file[row]!] || handle[row]!;
  return { ...trace, columns: { ...c, handle } };
}
