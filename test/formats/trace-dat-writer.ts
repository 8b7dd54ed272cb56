// Writes small trace.dat files in every layout that a recorder may use, from the man pages trace-cmd.dat.v6(5) and .v7(5).
import { deflateSync } from 'node:zlib';

export interface Layout {
  readonly version: 6 | 7;
  readonly little: boolean;
  /** Bytes of a kernel long: the width of a page's commit word. */
  readonly longSize: 4 | 8;
  readonly codec?: 'none' | 'zlib';
}

/** The smallest page a recorder may have. */
export const PAGE = 1024;

/** A growing binary file in one byte order. */
export class Bytes {
  readonly #parts: Uint8Array[] = [];
  length = 0;
  readonly little: boolean;
  constructor(little: boolean) {
    this.little = little;
  }
  raw(bytes: Uint8Array): this {
    this.#parts.push(bytes);
    this.length += bytes.length;
    return this;
  }
  text(text: string): this {
    return this.raw(new TextEncoder().encode(text));
  }
  zero(text: string): this {
    return this.text(`${text}\0`);
  }
  int(size: 1 | 2 | 4 | 8, value: number | bigint): this {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, BigInt(value)), this.little);
    return this.raw(this.little ? bytes.subarray(0, size) : bytes.subarray(8 - size));
  }
  fill(length: number): this {
    return this.raw(new Uint8Array(Math.max(0, length - this.length)));
  }
  all(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.#parts));
  }
}

/** What stands on a page, in order. */
export type Item =
  | {
      readonly kind: 'record';
      readonly delta: number;
      readonly bytes: Uint8Array;
      readonly long?: boolean;
      readonly claims?: number;
    }
  | { readonly kind: 'extend' | 'stamp'; readonly value: number }
  | { readonly kind: 'padding'; readonly delta: number; readonly length: number };

export interface Page {
  readonly time: bigint;
  readonly items: readonly Item[];
  /** Lost before this page; 0: some, not counted. */
  readonly lost?: number;
}

export interface Buffer7 {
  readonly name: string;
  readonly clock: string;
  /** Pages of every CPU. */
  readonly cpus: readonly (readonly Page[])[];
}

export interface Content {
  readonly formats: readonly string[];
  readonly comms: string;
  readonly buffers: readonly Buffer7[];
  /** Further options: number and data. */
  readonly options?: readonly (readonly [number, Uint8Array])[];
}

const BITS = 27;

function item(out: Bytes, one: Item): void {
  const head = (type: number, delta: number): Bytes =>
    out.int(4, out.little ? type + delta * 32 : type * 2 ** BITS + delta);
  if (one.kind === 'record') {
    const length = Math.ceil(one.bytes.length / 4) * 4;
    if (one.claims !== undefined) head(0, one.delta).int(4, one.claims);
    else if (one.long === true || length > 28 * 4) head(0, one.delta).int(4, length + 4);
    else head(length / 4, one.delta);
    out.raw(one.bytes).raw(new Uint8Array(length - one.bytes.length));
  } else if (one.kind === 'padding') {
    head(29, one.delta)
      .int(4, one.length + 4)
      .raw(new Uint8Array(one.length));
  } else head(one.kind === 'extend' ? 30 : 31, one.value % 2 ** BITS).int(4, Math.floor(one.value / 2 ** BITS));
}

function page({ time, items, lost }: Page, { little, longSize }: Layout): Uint8Array {
  const body = new Bytes(little);
  for (const one of items) item(body, one);
  const flags = lost === undefined ? 0 : lost === 0 ? 0x80000000 : 0xc0000000;
  const out = new Bytes(little)
    .int(8, time)
    .int(longSize, body.length + flags)
    .raw(body.all());
  if (lost !== undefined && lost > 0) out.int(longSize, lost);
  return out.fill(PAGE).all();
}

const headerPage = (longSize: number): string =>
  `\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n\tfield: local_t commit;\toffset:8;\tsize:${longSize};\tsigned:1;\n` +
  `\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n\tfield: char data;\toffset:${8 + longSize};\tsize:4080;\tsigned:1;\n`;

function header(out: Bytes, layout: Layout): Bytes {
  const text = headerPage(layout.longSize);
  return out.zero('header_page').int(8, text.length).text(text).zero('header_event').int(8, 4).text('none');
}

function formats(out: Bytes, texts: readonly string[]): Bytes {
  out.int(4, 1).zero('test').int(4, texts.length);
  for (const text of texts) out.int(8, text.length).text(text);
  return out;
}

const comms = (out: Bytes, text: string): Bytes => out.int(8, text.length).text(text);

function begin({ version, little, longSize }: Layout): Bytes {
  return new Bytes(little)
    .raw(Uint8Array.of(0x17, 0x08, 0x44))
    .text('tracing')
    .zero(String(version))
    .int(1, little ? 0 : 1)
    .int(1, longSize)
    .int(4, PAGE);
}

export function traceDatFile(content: Content, layout: Layout): Uint8Array {
  return layout.version === 6 ? version6(content, layout) : version7(content, layout);
}

function version6({ formats: texts, comms: names, buffers, options = [] }: Content, layout: Layout): Uint8Array {
  const [top, ...instances] = buffers;
  const tables = (place: (buffer: number, cpu: number) => number, tableAt: (buffer: number) => number): Uint8Array => {
    const out = header(begin(layout), layout).int(4, 0);
    comms(formats(out, texts).int(4, 0).int(4, 0), names).int(4, top!.cpus.length).text('options  \0');
    const clock = `local [${top!.clock}] counter`;
    out
      .int(2, 4)
      .int(4, clock.length + 1)
      .zero(clock);
    for (const [id, data] of options) out.int(2, id).int(4, data.length).raw(data);
    instances.forEach((one, i) => {
      out
        .int(2, 3)
        .int(4, 9 + one.name.length)
        .int(8, tableAt(i + 1))
        .zero(one.name);
    });
    out.int(2, 0);
    buffers.forEach((buffer, b) => {
      starts[b] = out.length;
      out.text('flyrecord\0');
      buffer.cpus.forEach((pages, cpu) => {
        out.int(8, place(b, cpu)).int(8, pages.length * PAGE);
      });
    });
    return out.fill(Math.ceil(out.length / PAGE) * PAGE).all();
  };
  const starts: number[] = [];
  const size = tables(
    () => 0,
    () => 0,
  ).length;
  const begins = [...starts];
  let at = size;
  const places = buffers.map(({ cpus }) =>
    cpus.map((pages) => {
      at += pages.length * PAGE;
      return at - pages.length * PAGE;
    }),
  );
  const out = new Bytes(layout.little).raw(
    tables(
      (b, cpu) => places[b]![cpu]!,
      (b) => begins[b]!,
    ),
  );
  for (const { cpus } of buffers) for (const pages of cpus) for (const one of pages) out.raw(page(one, layout));
  return out.all();
}

function version7({ formats: texts, comms: names, buffers, options = [] }: Content, layout: Layout): Uint8Array {
  const { little, codec = 'none' } = layout;
  const packed = codec === 'zlib';
  const out = begin(layout).zero(codec).zero('1');
  const optionsAt = out.length + 8;
  out.int(8, optionsAt);
  // The first options lead to the second, which stand behind everything else, as a recorder writes them.
  const done = (next: number): Bytes => new Bytes(little).int(2, 0).int(4, 8).int(8, next);
  const section = (id: number, data: Uint8Array, whole = packed): Uint8Array => {
    const body = whole
      ? (() => {
          const small = deflateSync(data);
          return new Bytes(little).int(4, small.length).int(4, data.length).raw(small).all();
        })()
      : data;
    return new Bytes(little)
      .int(2, id)
      .int(2, whole ? 1 : 0)
      .int(4, 0)
      .int(8, body.length)
      .raw(body)
      .all();
  };
  const first = section(0, done(0).all(), false).length;
  const later: Uint8Array[] = [];
  let at = optionsAt + first;
  const add = (bytes: Uint8Array): number => {
    later.push(bytes);
    at += bytes.length;
    return at - bytes.length;
  };
  const places: (readonly [number, number])[] = [
    [16, add(section(16, header(new Bytes(little), layout).all()))],
    [18, add(section(18, formats(new Bytes(little), texts).all()))],
    [21, add(section(21, comms(new Bytes(little), names).all()))],
  ];
  const last = new Bytes(little);
  for (const [id, data] of options) last.int(2, id).int(4, data.length).raw(data);
  for (const [id, place] of places) last.int(2, id).int(4, 8).int(8, place);
  for (const buffer of buffers) {
    const data = new Bytes(little).int(
      8,
      add(
        new Bytes(little)
          .int(2, 3)
          .int(2, packed ? 1 : 0)
          .int(4, 0)
          .int(8, 0)
          .all(),
      ),
    );
    data.zero(buffer.name).zero(buffer.clock).int(4, PAGE).int(4, buffer.cpus.length);
    buffer.cpus.forEach((pages, cpu) => {
      const raw = new Bytes(little);
      for (const one of pages) raw.raw(page(one, layout));
      const chunks = new Bytes(little);
      const small = deflateSync(raw.all());
      chunks.int(4, 1).int(4, small.length).int(4, raw.length).raw(small);
      const bytes = packed ? chunks.all() : raw.all();
      // Pages stand at whole pages of the file.
      if (!packed) add(new Uint8Array(-at & (PAGE - 1)));
      data.int(4, cpu).int(8, add(bytes)).int(8, bytes.length);
    });
    last.int(2, 3).int(4, data.length).raw(data.all());
  }
  last.raw(done(0).all());
  const lastAt = at;
  out.raw(section(0, done(lastAt).all(), false));
  for (const bytes of later) out.raw(bytes);
  return out.raw(section(0, last.all())).all();
}
