// The printed part of a kernel event behind its name: words into slots. Serves every text format of tracepoints.
// A field is found by the word before it, scanning forward from the last one and wrapping once, so that fields which
// another kernel adds, drops or moves do no harm (kernel-events reference, trap 14).
import { cursor, device, HEX, hexNumber, number, pageFrame } from '../base/digits.js';
import type { KernelRecord, KernelSink, Slot, SlotType, Words } from '../model/kernel.js';
import { KERNEL_EVENTS, slotPlaces } from '../model/kernel-events.js';

interface CompiledSlot {
  readonly print: Uint8Array;
  readonly field: Uint8Array;
  readonly type: SlotType;
  readonly place: number;
  readonly scale: number;
}

interface CompiledEvent {
  readonly slots: readonly CompiledSlot[];
  readonly call: boolean;
  readonly special: Special | null;
}

type Special = (d: PayloadDecoder, b: Uint8Array, from: number, to: number) => void;

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
const SPACE = 32;
const TARGET_NAME = ascii(' target name ');
const WRITE = ascii('WRITE');
const ADDRESS = ascii('address');
const BYTECOUNT = ascii('bytecount');
const INO = ascii('ino');
const NAME = ascii('name');
const PGOFF = ascii('pgoff');
const POS = ascii('pos');

export class PayloadDecoder {
  readonly record: KernelRecord;
  readonly words: Words;
  readonly events: readonly CompiledEvent[];
  /** Result bits of DAX faults by interned word. */
  readonly vmFaults = new Map<number, number>();
  /** Slots of the last record that were not found. */
  missing = 0;

  constructor(kernel: KernelSink) {
    this.record = kernel.record;
    this.words = kernel.words;
    this.events = KERNEL_EVENTS.map((event) => {
      const places = slotPlaces(event);
      return {
        slots: event.slots.map((s: Slot, i) => ({
          print: ascii(s.print),
          field: ascii(s.field),
          type: s.type,
          place: places[i]!,
          scale: s.fieldScale,
        })),
        call: event.kind !== 'tracepoint',
        special: SPECIAL[event.name] ?? null,
      };
    });
  }

  /** Says how many slots a special form could not find. */
  lacks(slots: number): void {
    this.missing = slots;
  }

  /** Fills `record.v` and `record.arrays` for event code `event` from bytes [from, to). */
  decode(event: number, b: Uint8Array, from: number, to: number): void {
    const compiled = this.events[event]!;
    const { v, arrays } = this.record;
    v.fill(Number.NaN);
    arrays.length = 0;
    this.missing = 0;
    if (compiled.call) this.syscall(compiled, b, from, to);
    else {
      // Raw form (`trace-cmd report -R`) names every field as the format file does: then no event is special.
      const raw = startsRaw(b, from, to);
      if (compiled.special !== null && !raw) compiled.special(this, b, from, to);
      else this.named(compiled.slots, b, from, to, raw);
    }
  }

  /** Syscall arguments by position: `dfd: 0x.., flags: 0x..`, `dfd=0x.. flags=0x..`, or a bare return value. */
  private syscall(compiled: CompiledEvent, b: Uint8Array, from: number, to: number): void {
    const { v } = this.record;
    const slots = compiled.slots;
    let at = from;
    let n = 0;
    while (n < slots.length && at < to) {
      while (at < to && (b[at] === SPACE || b[at] === 44 || b[at] === 40)) at++;
      const word = at;
      while (at < to && b[at] !== 58 && b[at] !== 61 && b[at] !== SPACE) at++;
      if (at < to && b[at] !== SPACE) {
        const name = b[word];
        at++;
        while (at < to && b[at] === SPACE) at++;
        const value = number(b, at, to);
        at = Number.isNaN(value) ? skipWord(b, at, to) : cursor.at;
        if (name !== 95 /* __syscall_nr */) v[n++] = value;
        // A decoded string may follow the pointer (`filename: 0x.. "name"`); go on at the next comma or space.
        while (at < to && b[at] !== 44 && b[at] !== SPACE) at++;
        if (at < to && b[at] === SPACE && b[at + 1] === 34) at = skipQuoted(b, at + 1, to);
      } else {
        v[n++] = number(b, word, to);
      }
    }
    this.missing = slots.length - n;
  }

  /** Slots by the word before them; `raw`: by their names in the format file. */
  named(slots: readonly CompiledSlot[], b: Uint8Array, from: number, to: number, raw: boolean): void {
    let at = from;
    for (const slot of slots) {
      const key = raw ? slot.field : slot.print;
      let value = find(b, key, at, from, to);
      if (value < 0 && at > from) value = find(b, key, from, from, to);
      // Some print formats are `name=value` themselves, with names of their own.
      const printed = raw && value < 0;
      if (printed) value = find(b, slot.print, from, from, to);
      if (value < 0) {
        this.missing++;
        if (slot.type === 'A8' || slot.type === 'A4') this.record.arrays.push([]);
        continue;
      }
      this.value(slot.type, slot.place, b, value, to);
      at = cursor.at;
      if (raw && !printed && slot.scale !== 1) {
        this.record.v[slot.place]! *= slot.scale;
        if (slot.type === 'r') this.record.v[slot.place + 1]! *= slot.scale;
      }
    }
  }

  /** Reads one value at `at`, leaves `cursor.at` behind it. */
  value(type: SlotType, place: number, b: Uint8Array, at: number, to: number): void {
    const { v } = this.record;
    if (type === 'n') v[place] = number(b, at, to);
    else if (type === 'h') v[place] = bareHex(b, at, to);
    else if (type === 'p') v[place] = pageFrame(b, at, to);
    else if (type === 'd') v[place] = device(b, at, to);
    else if (type === 's' || type === 'S') {
      const end = type === 's' ? skipWord(b, at, to) : restOrKey(b, at, to);
      v[place] = this.words.bytes(b, at, end);
      cursor.at = end;
    } else if (type === 'r') {
      v[place] = number(b, at, to);
      v[place + 1] = b[cursor.at] === 45 ? number(b, cursor.at + 1, to) : v[place]!;
    } else this.record.arrays.push(array(b, at, to, type === 'A8' ? 8 : 4));
  }
}

/** `name=value` or `name=ARRAY[..]` of the raw form: a word directly followed by `=` before any space. */
function startsRaw(b: Uint8Array, from: number, to: number): boolean {
  let i = from;
  while (i < to && b[i] !== SPACE && b[i] !== 61) i++;
  return i < to && b[i] === 61 && i > from && b[from]! >= 97;
}

/** Place of the value of word `key` at or after `at`; -1. The key stands alone and is followed by space, `=` or `:`. */
function find(b: Uint8Array, key: Uint8Array, at: number, from: number, to: number): number {
  const n = key.length;
  const first = key[0]!;
  for (let i = at; i + n < to; i++) {
    if (b[i] !== first) continue;
    if (i > from && b[i - 1] !== SPACE && b[i - 1] !== 44 && b[i - 1] !== 40) continue;
    const after = b[i + n]!;
    if (after !== SPACE && after !== 61 && after !== 58) continue;
    let k = 1;
    while (k < n && b[i + k] === key[k]) k++;
    if (k < n) continue;
    let value = i + n + 1;
    while (value < to && b[value] === SPACE) value++;
    return value;
  }
  return -1;
}

function skipWord(b: Uint8Array, at: number, to: number): number {
  let i = at;
  while (i < to && b[i] !== SPACE && b[i] !== 44) i++;
  return i;
}

function skipQuoted(b: Uint8Array, at: number, to: number): number {
  let i = at + 1;
  while (i < to && b[i] !== 34) i++;
  return i + 1;
}

/** A name that may hold spaces: up to the next ` word=`, or the end. */
function restOrKey(b: Uint8Array, at: number, to: number): number {
  for (let i = at; i < to; i++) {
    if (b[i] !== SPACE) continue;
    let k = i + 1;
    while (k < to && ((b[k]! >= 97 && b[k]! <= 122) || b[k] === 95)) k++;
    if (k > i + 1 && k < to && b[k] === 61) return i;
  }
  return to;
}

/** Hex that may carry 0x. */
function bareHex(b: Uint8Array, at: number, to: number): number {
  return b[at] === 48 && b[at + 1] === 120 ? hexNumber(b, at + 2, to) : hexNumber(b, at, to);
}

/** `ARRAY[c0, 6b, ..]`: bytes, little endian, joined into words of `width`; also `{0x.., 0x..}` of newer print formats. */
function array(b: Uint8Array, at: number, to: number, width: number): number[] {
  const words: number[] = [];
  let i = at;
  while (i < to && b[i] !== 91 && b[i] !== 123) i++;
  const braces = b[i] === 123;
  i++;
  let byte = 0;
  let value = 0;
  while (i < to && b[i] !== 93 && b[i] !== 125) {
    if (HEX[b[i]!]! < 0) {
      i++;
      continue;
    }
    const x = bareHex(b, i, to);
    i = cursor.at;
    if (braces) words.push(x);
    else {
      value += x * 2 ** (8 * byte);
      if (++byte === width) {
        words.push(value);
        byte = 0;
        value = 0;
      }
    }
  }
  cursor.at = i + 1;
  return words;
}

// Events whose print format is not "word value": by name.
const SPECIAL: Readonly<Record<string, Special>> = {
  block_rq_issue: blockRequest,
  block_rq_complete: blockRequest,
  block_bio_remap: blockRequest,
  xfs_rename: xfsRename,
  xfs_reflink_remap_range: xfsRemap,
  ext4_es_insert_extent: ext4Status,
  ext4_es_insert_delayed_extent: ext4Status,
  ext4_es_cache_extent: ext4Status,
  ext4_es_remove_extent: ext4Status,
  dax_pte_fault: daxFault,
  dax_pte_fault_done: daxFault,
  dax_pmd_fault: daxFault,
  dax_pmd_fault_done: daxFault,
  dax_insert_pfn_mkwrite: daxFault,
  dax_insert_pfn_mkwrite_no_entry: daxFault,
  dax_load_hole: daxFault,
  dax_pmd_load_hole: daxFault,
  ...Object.fromEntries(
    [
      'dma_map_page',
      'dma_map_phys',
      'dma_map_resource',
      'dma_unmap_page',
      'dma_unmap_phys',
      'dma_unmap_resource',
      'dma_alloc',
      'dma_free',
    ].map((name) => [name, dmaMap]),
  ),
};

/** The slots from `skip` on, in the ordinary way. */
function rest(d: PayloadDecoder, skip: number, b: Uint8Array, from: number, to: number): void {
  d.named(d.events[d.record.event]!.slots.slice(skip), b, from, to, false);
}

/** `7,0 WS 561152 () 30720 + 1096 0x2,0,4 [comm]`; complete lacks the byte count and ends in `[error]`; remap ends in `<- (259,0) 32`. */
function blockRequest(d: PayloadDecoder, b: Uint8Array, from: number, to: number): void {
  const { v } = d.record;
  v[0] = device(b, from, to);
  let at = cursor.at + 1;
  const word = at;
  at = skipWord(b, at, to);
  v[1] = d.words.bytes(b, word, at);
  const plus = b.indexOf(43, at);
  if (plus < 0 || plus >= to) {
    d.missing = 3;
    return;
  }
  let sector = plus - 2;
  while (sector > from && b[sector - 1] !== SPACE) sector--;
  v[3] = number(b, sector, to);
  v[4] = number(b, plus + 2, to);
  v[2] = (v[4] ?? 0) * 512;
  const tail = b.lastIndexOf(91, to - 1);
  if (tail > cursor.at) v[5] = number(b, tail + 1, to);
  const arrow = b.indexOf(40, plus);
  if (arrow > 0 && arrow < to) {
    v[5] = device(b, arrow + 1, to);
    v[6] = number(b, cursor.at + 2, to);
  }
}

/** `dev 7:0 src dp ino 0x80 target dp ino 0x80 src name imm.dat target name imm2.dat`. */
function xfsRename(d: PayloadDecoder, b: Uint8Array, from: number, to: number): void {
  const { v } = d.record;
  v[0] = device(b, from + 4, to);
  const ino1 = find(b, INO, from, from, to);
  if (ino1 < 0) return d.lacks(4);
  v[1] = number(b, ino1, to);
  const ino2 = find(b, INO, cursor.at, from, to);
  v[2] = ino2 < 0 ? Number.NaN : number(b, ino2, to);
  const name1 = find(b, NAME, cursor.at, from, to);
  const target = indexOf(b, TARGET_NAME, Math.max(name1, from), to);
  if (name1 < 0 || target < 0) return d.lacks(2);
  v[3] = d.words.bytes(b, name1, target);
  v[4] = d.words.bytes(b, target + 13, to);
}

/** `dev 7:0 bytecount 0x.. ino 0x83 isize .. disize .. pos 0x0 -> ino 0x84 isize .. pos 0x0`. */
function xfsRemap(d: PayloadDecoder, b: Uint8Array, from: number, to: number): void {
  const { v } = d.record;
  v[0] = device(b, from + 4, to);
  let at = from;
  for (const [place, key] of REMAP_KEYS) {
    const value = find(b, key, at, from, to);
    if (value < 0) {
      d.missing++;
      continue;
    }
    v[place] = number(b, value, to);
    at = cursor.at;
  }
}
const REMAP_KEYS: readonly (readonly [number, Uint8Array])[] = [
  [1, BYTECOUNT],
  [2, INO],
  [3, POS],
  [4, INO],
  [5, POS],
];

/** `dev 7,0 ino 12 es [0/4294967295) mapped 0 status H`. */
function ext4Status(d: PayloadDecoder, b: Uint8Array, from: number, to: number): void {
  const { v } = d.record;
  v[0] = device(b, from + 4, to);
  const ino = find(b, INO, cursor.at, from, to);
  if (ino >= 0) v[1] = number(b, ino, to);
  const open = b.indexOf(91, cursor.at);
  if (open < 0 || open >= to) return d.lacks(2);
  v[2] = number(b, open + 1, to);
  v[3] = number(b, cursor.at + 1, to);
  if (d.events[d.record.event]!.slots.length > 4) rest(d, 4, b, cursor.at + 1, to);
}

/** `dev 259:0 ino 0xc shared WRITE|.. address 0x.. pgoff 0x.. NOPAGE`: flags by number or name, result by number or name. */
function daxFault(d: PayloadDecoder, b: Uint8Array, from: number, to: number): void {
  const { v } = d.record;
  v[0] = device(b, from + 4, to);
  const ino = find(b, INO, cursor.at, from, to);
  if (ino < 0) return d.lacks(4);
  v[1] = number(b, ino, to);
  const flags = skipWord(b, cursor.at + 1, to) + 1;
  const value = number(b, flags, to);
  v[2] = Number.isNaN(value) ? (indexOf(b, WRITE, flags, skipWord(b, flags, to)) >= 0 ? 1 : 0) : value;
  const address = find(b, ADDRESS, flags, from, to);
  if (address >= 0) v[3] = number(b, address, to);
  const pgoff = find(b, PGOFF, flags, from, to);
  if (pgoff < 0) return d.lacks(1);
  v[4] = number(b, pgoff, to);
  let last = to;
  while (last > cursor.at && b[last - 1] !== SPACE) last--;
  const result = number(b, last, to);
  v[5] = Number.isNaN(result) ? vmFault(d, d.words.bytes(b, last, to)) : result;
}

/** vm_fault_t bits by name (include/linux/mm_types.h). */
const VM_FAULT: Readonly<Record<string, number>> = {
  OOM: 1,
  SIGBUS: 2,
  MAJOR: 4,
  HWPOISON: 16,
  SIGSEGV: 64,
  NOPAGE: 256,
  LOCKED: 512,
  RETRY: 1024,
  FALLBACK: 2048,
  DONE_COW: 4096,
  NEEDDSYNC: 8192,
};
function vmFault(d: PayloadDecoder, word: number): number {
  let bits = d.vmFaults.get(word);
  if (bits === undefined) {
    bits = d.words
      .get(word)
      .split('|')
      .reduce((sum, name) => sum | (VM_FAULT[name] ?? (Number(name) || 0)), 0);
    d.vmFaults.set(word, bits);
  }
  return bits;
}

/** `0000:00:02.0 dir=FROM_DEVICE dma_addr=100620000 ...`: the device has no word before it. */
function dmaMap(d: PayloadDecoder, b: Uint8Array, from: number, to: number): void {
  const end = skipWord(b, from, to);
  d.record.v[0] = d.words.bytes(b, from, end);
  rest(d, 1, b, end, to);
}

function indexOf(b: Uint8Array, key: Uint8Array, from: number, to: number): number {
  outer: for (let i = from; i + key.length <= to; i++) {
    for (let k = 0; k < key.length; k++) if (b[i + k] !== key[k]) continue outer;
    return i;
  }
  return -1;
}
