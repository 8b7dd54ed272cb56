// Events of the bpftrace scripts as kernel events: calls by their plain names, `NAME_ret` for their return, tracepoints by
// theirs. Files come as device and inode; a call that shows no descriptor gets one of its own for each file.
import { kernelEvent, slotPlaces } from '../model/kernel-events.js';
import { BpfPlaces, PLACING } from './bpf-places.js';
import type { KernelLines, LineKind } from './kernel-lines.js';

export interface BpfEvent {
  /** NaN where the line names none. */
  readonly device: number;
  readonly inode: number;
  readonly values: ReadonlyMap<string, string>;
}

const FD_INODE = kernelEvent('note_fd_inode');
const INODE = kernelEvent('note_inode');
const PATH = kernelEvent('note_path');
const FORK = kernelEvent('note_fork');
const EXIT = kernelEvent('note_exit');
const EXEC = kernelEvent('note_comm');
const CLONE_FILES = 0x400n;
const CLONE_THREAD = 0x10000n;
/** Short names of tracepoints. */
const EVENTS: Readonly<Record<string, string>> = {
  fault: 'page_fault_user',
  dio_begin: 'iomap_dio_rw_begin',
  dio_complete: 'iomap_dio_complete',
};
/** Short names of values, where an event has none of its own. */
const VALUES: Readonly<Record<string, string>> = {
  off: 'offset',
  pgoff: 'off',
  len: 'length',
  addr: 'address',
  err: 'error_code',
  count: 'blockcount',
};
const EXTENTS = /^xfs_(iext_(insert|remove)|bmap_(pre|post)_update)$/;
/** What a line calls a path, and the descriptor of the folder that it may begin in. */
const PATHS: readonly { readonly name: string; readonly folder: RegExp }[] = [
  { name: 'path', folder: /^(old)?dfd$/ },
  { name: 'to', folder: /^newdfd$/ },
];
/** First descriptor that no process has (RLIMIT_NOFILE is below 2^30). */
const FIRST_MADE_UP = 2 ** 30;

export class BpfCalls {
  readonly #lines: KernelLines;
  readonly #kinds = new Map<string, LineKind>();
  readonly #madeUp = new Map<string, number>();
  readonly #places = new BpfPlaces();
  /** By event, the call that it begins or ends, where that changes from where paths count; '' for others. */
  readonly #followed = new Map<string, { readonly call: string; readonly returns: boolean }>();

  constructor(lines: KernelLines) {
    this.#lines = lines;
  }

  /** Takes the event at hand; who, when and where are set already. */
  take(event: string, told: BpfEvent): void {
    const kind = this.#kind(event);
    this.#follow(event, told);
    this.#lines.commit(kind, kind.event < 0 ? 0 : this.#tell(kind.event, event, told));
  }

  #follow(event: string, { values }: BpfEvent): void {
    const { pid, tid } = this.#lines.decoder.record;
    let followed = this.#followed.get(event);
    if (followed === undefined) {
      const [, enter, exit, short] = /^(?:sys_enter_(\w+)|sys_exit_(\w+)|(\w+)_ret)$/.exec(event) ?? [];
      const call = enter ?? exit ?? short ?? event;
      followed = { call: PLACING.has(call) ? call : '', returns: exit !== undefined || short !== undefined };
      this.#followed.set(event, followed);
    }
    const { call, returns } = followed;
    if (call === '') return;
    if (returns) this.#places.returns(pid, tid, call, number(values.get('ret') ?? ''));
    else this.#places.begins(tid, call, values);
  }

  #kind(event: string): LineKind {
    let kind = this.#kinds.get(event);
    if (kind === undefined) {
      const name = EVENTS[event] ?? event;
      const returned = /^(\w+)_ret$/.exec(name)?.[1];
      const { catalogue } = this.#lines.sink.kernel;
      const code = catalogue.code(returned === undefined ? `sys_enter_${name}` : `sys_exit_${returned}`);
      kind = this.#lines.kind(name, TASKS[event] ?? (code >= 0 ? code : catalogue.code(name)));
      this.#kinds.set(event, kind);
    }
    return kind;
  }

  #tell(code: number, event: string, told: BpfEvent): number {
    const lines = this.#lines;
    if (code === FORK) return lines.tell(FORK, this.#forked(told));
    if (code === EXEC) return lines.tell(EXEC, [1]);
    if (code === EXIT) {
      const { pid, tid } = lines.decoder.record;
      if (pid === tid) this.#places.gone(pid);
      return lines.tell(EXIT, []);
    }
    const { kind } = lines.sink.kernel.catalogue.events[code]!;
    if (kind === 'enter') return this.#enter(code, told);
    const named = !Number.isNaN(told.device) && kind === 'exit';
    if (named) lines.tell(INODE, [told.device, told.inode]);
    if (EXTENTS.test(event) && !told.values.has('bmap_state')) {
      lines.sink.issue(
        'fork-not-told',
        lines.line,
        `expected bmap_state=... in ${event}, found none: whether blocks are the file's or set aside for copy-on-write is not told, so no block map is built of them; print args->bmap_state`,
      );
      return 0;
    }
    return lines.tell(code, this.#slots(code, told));
  }

  #enter(code: number, told: BpfEvent): number {
    const lines = this.#lines;
    const { device, inode, values } = told;
    const slots = this.#slots(code, told);
    const names = lines.sink.kernel.catalogue.events[code]!.slots.map(({ print }) => print);
    const fd = names.indexOf('fd');
    const hasFile = !Number.isNaN(device) && fd >= 0;
    if (hasFile && !(slots[fd]! >= 0)) slots[fd] = this.#descriptor(device, inode);
    const opId = lines.tell(code, slots);
    if (hasFile) lines.tell(FD_INODE, [slots[fd]!, device, inode]);
    for (const [second, { name, folder }] of PATHS.entries()) {
      const path = this.#places.path(lines.decoder.record.pid, values, name, folder);
      if (path !== undefined) lines.tell(PATH, [second, lines.decoder.words.text(path)]);
    }
    return opId;
  }

  #descriptor(device: number, inode: number): number {
    const key = `${device}/${inode}`;
    const fd = this.#madeUp.get(key) ?? FIRST_MADE_UP + this.#madeUp.size;
    this.#madeUp.set(key, fd);
    return fd;
  }

  /** Values in the order of the event's slots, NaN where the line has none. */
  #slots(code: number, { device, inode, values }: BpfEvent): number[] {
    const event = this.#lines.sink.kernel.catalogue.events[code]!;
    const out: number[] = [];
    const places = slotPlaces(event);
    for (const [i, slot] of event.slots.entries()) {
      const text = values.get(slot.field) ?? values.get(slot.print) ?? values.get(shortFor(slot.field, slot.print));
      const at = places[i]!;
      if (slot.type === 'd' && text === undefined) out[at] = device;
      else if (/^i?_?ino$/.test(slot.field) && text === undefined) out[at] = inode;
      else if (text === undefined) out[at] = Number.NaN;
      else if (slot.type === 's' || slot.type === 'S') out[at] = this.#lines.decoder.words.text(text);
      else out[at] = number(text) * (values.has(slot.field) ? slot.fieldScale : 1);
    }
    return out;
  }

  /** pid and tid of the new task. */
  #forked({ values }: BpfEvent): number[] {
    const child = number(values.get('child') ?? '');
    const flags = values.get('flags') ?? '0';
    const bits = /^(0x)?[0-9a-f]+$/.test(flags) ? BigInt(flags) : 0n;
    const isThread = (bits & CLONE_THREAD) !== 0n;
    const { pid } = this.#lines.decoder.record;
    if (!isThread) this.#places.made(pid, child);
    return [isThread ? pid : child, child, (bits & CLONE_FILES) !== 0n ? 1 : 0];
  }
}

const TASKS: Readonly<Record<string, number>> = { newtask: FORK, exec: EXEC, exit: EXIT };

const shortFor = (field: string, print: string): string =>
  Object.keys(VALUES).find((short) => VALUES[short] === field || VALUES[short] === print) ?? '';

/** Decimal or 0x-hex of 64 bits, two's complement. */
function number(text: string): number {
  if (!/^-?\d+$|^0x[0-9a-f]{1,16}$/.test(text)) return Number.NaN;
  return text.startsWith('0x') ? Number(BigInt.asIntN(64, BigInt(text))) : Number(text);
}
