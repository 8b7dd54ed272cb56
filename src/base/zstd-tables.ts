// The tables that a zstd block is decoded by: FSE states and Huffman codes (RFC 8878, sections 4.1 and 4.2).

/** By state: its symbol; how many bits lead to the next one, and what they are added to. */
export interface FseTable {
  readonly log: number;
  readonly symbols: Uint8Array;
  readonly bits: Uint8Array;
  readonly bases: Uint16Array;
}

/** By as many bits as the longest code has: a symbol, and how many of the bits are its own. */
export interface HuffmanTable {
  readonly log: number;
  readonly symbols: Uint8Array;
  readonly bits: Uint8Array;
}

const LONGEST_CODE = 11;
const WEIGHTS_LOG = 6;
const MOST_WEIGHTS = 255;

export const highestBit = (x: number): number => 31 - Math.clz32(x);

/** Bits from the end of a piece back to its beginning; the highest one that is set in its last byte says where they begin. */
export class BackwardBits {
  private data: Uint8Array = new Uint8Array(0);
  private from = 0;
  /** Bits that are left; below 0 where more were asked for than there were. */
  left = 0;

  open(data: Uint8Array, from: number, to: number): void {
    const last = to > from ? data[to - 1]! : 0;
    if (last === 0) throw new Error('bits that do not end in a 1');
    this.data = data;
    this.from = from;
    this.left = 8 * (to - from - 1) + highestBit(last);
  }

  /** hot: the next `count` bits, at most 31; those that are missing are 0. */
  take(count: number): number {
    this.left -= count;
    return this.at(this.left, count);
  }

  /** hot: the same, and they stay. */
  peek(count: number): number {
    return this.at(this.left - count, count);
  }

  private at(bit: number, count: number): number {
    if (bit < 0) return bit + count <= 0 ? 0 : this.at(0, bit + count) << -bit;
    const { data } = this;
    const at = this.from + (bit >>> 3);
    const shift = bit & 7;
    // What lies behind the data is no number, and counts as 0.
    const low = (data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16) | (data[at + 3]! << 24)) >>> shift;
    const all = shift === 0 ? low : low | (data[at + 4]! << (32 - shift));
    return all & (2 ** count - 1);
  }
}

/** States from what symbols have of them; -1: less than one. */
export function fseTable(shares: readonly number[], log: number): FseTable {
  const size = 1 << log;
  const table = {
    log,
    symbols: new Uint8Array(size),
    bits: new Uint8Array(size),
    bases: new Uint16Array(size),
  };
  const next = new Uint16Array(shares.length);
  let high = size;
  shares.forEach((share, symbol) => {
    next[symbol] = Math.abs(share);
    if (share < 0) table.symbols[--high] = symbol;
  });
  const step = (size >> 1) + (size >> 3) + 3;
  let at = 0;
  shares.forEach((share, symbol) => {
    for (let i = 0; i < share; i++) {
      table.symbols[at] = symbol;
      do at = (at + step) & (size - 1);
      while (at >= high);
    }
  });
  for (let state = 0; state < size; state++) {
    const nth = next[table.symbols[state]!]!++;
    const bits = log - highestBit(nth);
    table.bits[state] = bits;
    table.bases[state] = (nth << bits) - size;
  }
  return table;
}

/** Every state is this symbol. */
export const oneSymbol = (symbol: number): FseTable => ({
  log: 0,
  symbols: Uint8Array.of(symbol),
  bits: new Uint8Array(1),
  bases: new Uint16Array(1),
});

/** Reads a table at `from`; `most`: its largest log. Returns it and the place behind it. */
export function readFse(data: Uint8Array, from: number, to: number, most: number, symbols: number): [FseTable, number] {
  let bit = 0;
  const peek = (count: number): number => {
    const at = from + (bit >>> 3);
    return ((data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16)) >>> (bit & 7)) & ((1 << count) - 1);
  };
  const take = (count: number): number => {
    const value = peek(count);
    bit += count;
    return value;
  };
  const log = 5 + take(4);
  if (log > most) throw new Error(`a table of 2^${log} states, more than 2^${most}`);
  const shares: number[] = [];
  let left = 1 << log;
  while (left > 0) {
    if (shares.length >= symbols || from + (bit >>> 3) >= to) throw new Error('a table that does not end');
    const bits = highestBit(left + 1) + 1;
    const lower = (1 << (bits - 1)) - 1;
    const short = (1 << bits) - 2 - left;
    let value = peek(bits);
    if ((value & lower) < short) {
      value &= lower;
      bit += bits - 1;
    } else {
      if (value > lower) value -= short;
      bit += bits;
    }
    const share = value - 1;
    left -= Math.abs(share);
    shares.push(share);
    if (share !== 0) continue;
    for (let more = 3; more === 3; ) {
      more = take(2);
      for (let i = 0; i < more; i++) shares.push(0);
    }
  }
  const behind = from + ((bit + 7) >>> 3);
  if (left < 0 || shares.length > symbols || behind > to) throw new Error('a table of more states than there are');
  return [fseTable(shares, log), behind];
}

/** Reads Huffman codes at `from`; returns them and the place behind them. */
export function readHuffman(data: Uint8Array, from: number, to: number): [HuffmanTable, number] {
  const head = data[from]!;
  const isPlain = head >= 128;
  const behind = from + 1 + (isPlain ? (head - 126) >> 1 : head);
  if (from >= to || behind > to) throw new Error('codes that do not end');
  const weights: number[] = [];
  if (isPlain)
    for (let i = 0; i < head - 127; i++) {
      const two = data[from + 1 + (i >> 1)]!;
      weights.push(i % 2 === 0 ? two >> 4 : two & 15);
    }
  else readWeights(data, from + 1, behind, weights);
  return [huffmanTable(weights), behind];
}

/** Weights are told by two states in turns, until their bits are used up. */
function readWeights(data: Uint8Array, from: number, to: number, weights: number[]): void {
  const [table, at] = readFse(data, from, to, WEIGHTS_LOG, LONGEST_CODE + 2);
  const bits = new BackwardBits();
  bits.open(data, at, to);
  let state = bits.take(table.log);
  let other = bits.take(table.log);
  while (weights.length < MOST_WEIGHTS) {
    weights.push(table.symbols[state]!);
    const next = table.bases[state]! + bits.take(table.bits[state]!);
    if (bits.left < 0) {
      weights.push(table.symbols[other]!);
      return;
    }
    state = other;
    other = next;
  }
  throw new Error('more codes than there are bytes');
}

function huffmanTable(weights: number[]): HuffmanTable {
  let sum = 0;
  for (const weight of weights) if (weight > 0) sum += 1 << (weight - 1);
  const log = sum === 0 ? 0 : highestBit(sum) + 1;
  const rest = (1 << log) - sum;
  // The last weight is not told: it fills what is left.
  if (log === 0 || log > LONGEST_CODE || (rest & (rest - 1)) !== 0) throw new Error('codes that do not fit together');
  weights.push(highestBit(rest) + 1);
  const table = { log, symbols: new Uint8Array(1 << log), bits: new Uint8Array(1 << log) };
  let at = 0;
  for (let weight = 1; weight <= log; weight++)
    weights.forEach((its, symbol) => {
      if (its !== weight) return;
      table.symbols.fill(symbol, at, at + (1 << (weight - 1)));
      table.bits.fill(log + 1 - weight, at, at + (1 << (weight - 1)));
      at += 1 << (weight - 1);
    });
  return table;
}
