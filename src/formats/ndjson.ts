// The plain form of the event table, one JSON object a line: events reference. Handles and `to` are resolved here.
// Beyond that page: a number as `handle`, `opId` or `file_id` is itself an identity, and null says "not known".
import { LineSplitter, LONGEST_LINE } from '../base/line-splitter.js';
import type { Format, TraceSink } from '../model/trace.js';
import { EventReader } from './ndjson-events.js';
import { Fields, type Json, parse, safely, shown } from './ndjson-fields.js';

const SCHEMA = 'sealtrace.events/1';

export const ndjson: Format = {
  name: 'ndjson',
  title: 'sealtrace events as NDJSON, one JSON object a line',
  sniff(head) {
    const [line] = new TextDecoder().decode(head).trimStart().split('\n', 1);
    return parse(line!)?.schema === SCHEMA;
  },
  async read(input, sink) {
    const reader = new Reader(sink);
    const lines = new LineSplitter((line) => reader.line(line));
    let bytes = 0;
    for await (const chunk of input.chunks()) {
      bytes += chunk.length;
      lines.push(chunk);
    }
    lines.end();
    if (sink.source.bytes < 0) sink.source.bytes = bytes;
    return reader.end();
  },
};

class Reader {
  readonly #sink: TraceSink;
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  readonly #events: EventReader;
  #line = 0;
  #begun = false;
  #damaged = false;

  constructor(sink: TraceSink) {
    this.#sink = sink;
    this.#events = new EventReader(sink);
  }

  /** Takes a line; null stands for one that is too long. */
  line(bytes: Uint8Array | null): void {
    this.#line++;
    const text = bytes === null ? null : safely(() => this.#decoder.decode(bytes), null);
    if (bytes === null)
      this.#damage('line-too-long', `expected lines of at most ${LONGEST_LINE} bytes, found a longer one`);
    else if (text === null) this.#damage('bad-line', 'expected UTF-8 text, found other bytes');
    else if (text.trim() !== '') this.#text(text);
  }

  /** False when a line could not be used. */
  end(): boolean {
    if (!this.#begun) this.#begin(false);
    this.#events.end();
    return !this.#damaged;
  }

  #text(text: string): void {
    const json = parse(text);
    if (!this.#begun) this.#begin(json?.schema !== undefined);
    if (json === null) this.#damage('bad-line', `expected a JSON object, found ${shown(text)}`);
    else if (json.schema !== undefined && json.op === undefined) this.#header(json, text);
    else {
      const fault = this.#events.take(new Fields(json), this.#line);
      if (fault !== '') this.#damage('bad-line', fault);
    }
  }

  #damage(code: string, fault: string): void {
    this.#damaged = true;
    this.#sink.issue(code, this.#line, `${fault}; the line was left out, correct it and read the file again`);
  }

  #begin(headed: boolean): void {
    this.#begun = true;
    if (headed) return;
    this.#damaged = true;
    this.#sink.origin(0n);
    this.#sink.issue(
      'no-header',
      1,
      `expected {"schema":"${SCHEMA}","clock":"mono","originNs":0} as the first line, found none; add it`,
    );
  }

  #header(json: Json, text: string): void {
    const fields = new Fields(json);
    if (json.schema !== SCHEMA) fields.expect('schema', `"${SCHEMA}"`);
    this.#sink.source.clock = json.clock === undefined ? 'mono' : fields.text('clock');
    // A wall clock in ns is beyond what a JSON number holds exactly, so its digits are taken from the text.
    const digits = /"originNs"\s*:\s*"?(-?\d+)"?\s*[,}]/.exec(text)?.[1];
    if (digits === undefined && json.originNs !== undefined) fields.expect('originNs', 'an integer of nanoseconds');
    const origin = BigInt(digits ?? 0);
    this.#events.shift = Number(origin - this.#sink.origin(origin));
    if (fields.fault !== '') this.#damage('bad-header', fields.fault);
  }
}
