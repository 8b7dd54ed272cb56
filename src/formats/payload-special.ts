// Events whose print format is not "word value": block requests, renames, remaps, extent status, DAX faults, DMA mappings.
// Sources: include/trace/events/{block,ext4,fs_dax,dma}.h and fs/xfs/xfs_trace.h.
import { cursor, device, number } from '../base/digits.js';
import type { PayloadDecoder, Special } from './payload.js';
import { array } from './payload-values.js';
import { ascii, find, skipWord } from './payload-words.js';

const SPACE = 32;
const COLON = 58;
const TARGET_NAME = ascii(' target name ');
const WRITE = ascii('WRITE');
const ADDRESS = ascii('address');
const BYTECOUNT = ascii('bytecount');
const COUNT = ascii('count');
const OFFSET = ascii('offset');
const INO = ascii('ino');
const NAME = ascii('name');
const PGOFF = ascii('pgoff');
const POS = ascii('pos');
const MR_ID = ascii('mr.id');
const MR = ascii('mr');

/** By event name. */
export const SPECIAL: Readonly<Record<string, Special>> = {
  print: marker,
  tracing_mark_write: bareMarker,
  sys_enter: rawEnter,
  sys_exit: rawExit,
  block_rq_issue: blockRequest,
  block_rq_complete: blockRequest,
  block_bio_queue: blockRequest,
  block_bio_complete: blockRequest,
  block_bio_remap: blockRequest,
  xprtrdma_mr_map: regionOfRpc,
  xprtrdma_mr_unmap: regionOfRpc,
  xfs_rename: xfsRename,
  xfs_reflink_remap_range: xfsRemap,
  xfs_bunmap: xfsUnmap,
  ext4_es_insert_extent: ext4Status,
  ext4_es_insert_delayed_extent: ext4Status,
  ext4_es_insert_delayed_block: ext4Status,
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

/** Those whose lines may teach how their like are read: all that is read of them is told as a value. */
export const LEARNABLE: ReadonlySet<string> = new Set(['block_rq_issue', 'block_rq_complete', 'sys_enter', 'sys_exit']);
/** Those that find their values in the raw form too. */
export const READS_RAW: ReadonlySet<string> = new Set(['sys_enter', 'sys_exit']);

/** `tracing_mark_write: any text`; the address of the function where its name is not known. */
function marker(d: PayloadDecoder, b: Uint8Array, from: number, to: number): void {
  const end = skipWord(b, from, to);
  let text = b[end - 1] === COLON ? end : from;
  while (text < to && b[text] === SPACE) text++;
  d.record.v[0] = d.words.bytes(b, text, to);
}

/** The text alone, where the event bears the function's name. */
function bareMarker(d: PayloadDecoder, b: Uint8Array, from: number, to: number): void {
  d.record.v[0] = d.words.bytes(b, from, to);
}

const REGISTERS = 6;
const REGISTER_BYTES = 8;
const CALL = ascii('NR');
const ID = ascii('id');
const ARGS = ascii('args');
const RET = ascii('ret');

/** `NR 257 (ffffff9c, 7f2a.., ...)`; with `-R` `id=257 args=ARRAY[9c, ff, ..]`. */
function rawEnter(d: PayloadDecoder, b: Uint8Array, from: number, to: number): void {
  const call = find(b, CALL, from, from, to);
  if (call < 0) return rawFields(d, b, from, to);
  d.value('n', REGISTERS, b, call, to);
  for (let i = 0; i < REGISTERS; i++) {
    let at = cursor.at;
    while (at < to && (b[at] === SPACE || b[at] === 44 || b[at] === 40)) at++;
    d.value('h', i, b, at, to);
    if (Number.isNaN(d.record.v[i])) return d.lacks(REGISTERS - i);
  }
}

function rawFields(d: PayloadDecoder, b: Uint8Array, from: number, to: number): void {
  const { v } = d.record;
  const id = find(b, ID, from, from, to);
  if (id < 0) return d.lacks(REGISTERS + 1);
  v[REGISTERS] = number(b, id, to);
  const args = find(b, ARGS, from, from, to);
  const halves = args < 0 ? [] : array(b, args, to, REGISTER_BYTES / 2);
  // The option `fields` has no word for an array: `args=<INVALID-SIZE>`.
  if (halves.length !== 2 * REGISTERS) return d.lacks(REGISTERS);
  // As two's complement.
  for (let i = 0; i < REGISTERS; i++) v[i] = halves[2 * i]! + (halves[2 * i + 1]! | 0) * 2 ** 32;
}

/** `NR 257 = 3`, or `id=257 ret=3`. */
function rawExit(d: PayloadDecoder, b: Uint8Array, from: number, to: number): void {
  const call = find(b, CALL, from, from, to);
  const id = call < 0 ? find(b, ID, from, from, to) : call;
  if (id < 0) return d.lacks(2);
  d.value('n', 1, b, id, to);
  const result = call < 0 ? find(b, RET, cursor.at, from, to) : cursor.at + RESULT.length;
  if (result < 0) return d.lacks(1);
  d.value('n', 0, b, result, to);
}
const RESULT = ' = ';

/** The slots from `skip` on, in the ordinary way. */
function rest(d: PayloadDecoder, skip: number, b: Uint8Array, from: number, to: number): void {
  d.named(d.event(d.record.event).slots.slice(skip), b, from, to, false);
}

/** `7,0 WS 561152 () 30720 + 1096 0x2,0,4 [comm]`; complete lacks the byte count and ends in `[error]`; remap ends in `<- (259,0) 32`. */
function blockRequest(d: PayloadDecoder, b: Uint8Array, from: number, to: number): void {
  const { v, event } = d.record;
  const { width } = d.event(event);
  d.value('d', 0, b, from, to);
  d.value('s', 1, b, cursor.at + 1, to);
  const plus = b.indexOf(43, cursor.at);
  if (plus < 0 || plus >= to) {
    d.missing = 3;
    return;
  }
  let sector = plus - 2;
  while (sector > from && b[sector - 1] !== SPACE) sector--;
  d.value('n', 3, b, sector, to);
  d.value('sectors', 4, b, plus + 2, to);
  if (width === REQUEST_WITH_ERROR) {
    const tail = b.lastIndexOf(91, to - 1);
    if (tail <= cursor.at) return;
    d.value('n', 5, b, tail + 1, to);
    d.value('end', 0, b, to, to);
  } else if (width > REQUEST_WITH_ERROR) {
    const arrow = b.indexOf(40, plus);
    if (arrow < 0 || arrow >= to) return;
    v[5] = device(b, arrow + 1, to);
    v[6] = number(b, cursor.at + 2, to);
  }
}
const REQUEST_WITH_ERROR = 6;

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
  for (const [place, key, older] of REMAP_KEYS) {
    let value = find(b, key, at, from, to);
    if (value < 0) value = find(b, older, at, from, to);
    if (value < 0) {
      d.missing++;
      continue;
    }
    v[place] = number(b, value, to);
    at = cursor.at;
  }
}
/** The words of today, and those of before Linux 5.15. */
const REMAP_KEYS: readonly (readonly [place: number, key: Uint8Array, older: Uint8Array])[] = [
  [1, BYTECOUNT, COUNT],
  [2, INO, INO],
  [3, POS, OFFSET],
  [4, INO, INO],
  [5, POS, OFFSET],
];

/** `... bno 0x25c len 0x29flags  caller ..` before Linux 5.15: what follows begins with a letter that is a digit. */
function xfsUnmap(d: PayloadDecoder, b: Uint8Array, from: number, to: number): void {
  rest(d, 0, b, from, to);
  const end = cursor.at;
  if (b[end - 1] !== F || b[end] !== L) return;
  let digits = end - 1;
  while (digits > from && b[digits - 1] !== SPACE) digits--;
  d.record.v[3] = number(b, digits, end - 1);
}
const F = 102;
const L = 108;

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
  if (d.event(d.record.event).slots.length > 4) rest(d, 4, b, cursor.at + 1, to);
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

/** `task:351@5 mr.id=4 nents=2 5608@0x8679e0c8f6f56000:0x00000503 (TO_DEVICE)`; older kernels tell the region by its address, `mr=`. */
function regionOfRpc(d: PayloadDecoder, b: Uint8Array, from: number, to: number): void {
  const { v } = d.record;
  let id = find(b, MR_ID, from, from, to);
  if (id < 0) id = find(b, MR, from, from, to);
  if (id >= 0) v[0] = number(b, id, to);
  // The `@` before this one is of the task.
  const sign = b.lastIndexOf(64, to - 1);
  if (sign <= id) return d.lacks(3);
  let length = sign;
  while (length > from && b[length - 1] !== SPACE) length--;
  v[1] = number(b, length, to);
  v[2] = number(b, sign + 1, to);
  const open = b.indexOf(40, sign);
  if (open > 0 && open < to) v[3] = d.words.bytes(b, open + 1, skipWord(b, open + 1, to) - 1);
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
