// ftrace as text: `trace-cmd report` (plain, -t, -R, -l, --ts-diff, several instances) and the tracefs files `trace`, `trace_pipe`.
// Line: [instance:] comm-pid [(tgid)] [cpu] [flags] time: event: payload. Variants: kernel-events reference, traps 7 to 11.
import { LONGEST_LINE } from '../base/line-splitter.js';
import type { Format } from '../model/trace.js';
import { looksLatent } from './ftrace-latency.js';
import { LineParser } from './ftrace-lines.js';

const text = new TextDecoder();

export const ftraceText: Format = {
  name: 'ftrace-text',
  title: 'ftrace text: trace-cmd report (plain, -t, -R, -l, --ts-diff) and tracefs trace, latency-format too',
  kernelOnly: true,
  sniff(head) {
    const lines = text.decode(head).split('\n').slice(0, 60);
    // The tracer of the block layer prints no events.
    const first = lines.find((line) => line.trim() !== '')?.trim() ?? '';
    if (first.startsWith('# tracer: ')) return first !== '# tracer: blk';
    // With only its first line kept, a cut file still is a trace.
    if (/^(version = \d+|(.*: )?cpus=\d+)\s*$/.test(lines[0] ?? '')) return true;
    return lines.some((line) => (RECORD.test(line) && !OF_BLK.test(line)) || BARE.test(line) || looksLatent(line));
  },
  async read(input, sink) {
    const reader = new LineParser(sink);
    let carry = EMPTY;
    for await (const chunk of input.chunks()) {
      const buffer = asBuffer(chunk);
      const first = buffer.indexOf(LF) + 1;
      if (first === 0) carry = Buffer.concat([carry, buffer]);
      else {
        // Only the line that two chunks share is copied, unless it has nothing in it and waits for the next one.
        const shared = carry.length > 0 ? Buffer.concat([carry, buffer.subarray(0, first)]) : EMPTY;
        const waits = shared.subarray(reader.lines(shared, 0));
        const rest = waits.length > 0 ? Buffer.concat([waits, buffer.subarray(first)]) : buffer;
        carry = Buffer.from(rest.subarray(reader.lines(rest, waits.length === 0 && carry.length > 0 ? first : 0)));
      }
      if (carry.length > LONGEST_LINE) {
        reader.tooLong();
        carry = EMPTY;
      }
    }
    if (carry.length > 0) reader.last(carry);
    return reader.finish();
  },
};

const RECORD = /^\s*\S.*-\d+\s+(\([\s\d-]+\)\s+)?\[\d{3,}\]\s*(\S{4,8}\s+)?[\d.]+: /;
/** Where an event's name would stand, a device. */
const OF_BLK = new RegExp(String.raw`${RECORD.source} *\d+,\d+ `);
/** What `trace_pipe` gives with the option raw: it has no header, and the parser says what to take back. */
const BARE = /^\d+ \d+ \d+ type: \d+$/;
const EMPTY = Buffer.alloc(0);
const LF = 10;
/** One type of bytes for the hot loop, and the one whose `indexOf` is four times as fast. */
const asBuffer = (chunk: Uint8Array): Buffer => Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
