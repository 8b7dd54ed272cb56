// Who seals what, and where, by a seal rule (replay.md section 3), worked out from the recorded order of the lines.
import { type Call, OBSERVED } from './calls.js';

export interface Rule {
  readonly kind: 'explicit' | 'dma' | 'mapped' | 'files';
  /** Files that are sealed for the whole trace. */
  readonly files: readonly string[];
}

export interface SealPlaces {
  /** An application would have sealed the file before this line. */
  readonly before: ReadonlySet<number>;
  /** Mappings and device holds for whose sake the file is sealed. */
  readonly direct: ReadonlySet<number>;
  /** The line takes the last part of its mapping away. */
  readonly last: ReadonlySet<number>;
  /** Requests of the trace itself, as `path op`; an ordinary lease is none. */
  readonly requested: ReadonlySet<string>;
  /** By handle: the line that takes it. */
  readonly takenBy: ReadonlyMap<string, number>;
}

interface Live {
  readonly call: Call;
  readonly from: number;
  readonly to: number;
  /** Line of the earliest mapping alive when this one was made. */
  readonly first: Call;
  left: number;
}

const DEVICE = new Set(['pin', 'register', 'swapon']);
const NAMED = new Set(['open', 'mmap', 'pin', 'register', 'swapon', 'lease', 'layout_get', 'address_query']);
const RELEASES = new Set(['close', 'munmap', 'unpin', 'deregister', 'swapoff', 'lease_release', 'layout_return']);

export function planOf(calls: readonly Call[], rule: Rule): SealPlaces {
  const before = new Set<number>();
  const direct = new Set<number>();
  const last = new Set<number>();
  const requested = new Set<string>();
  const takenBy = new Map<string, number>();
  let live: Live[] = [];

  const seal = (mapping: Live): void => {
    direct.add(mapping.call.index);
    before.add(mapping.first.index);
  };
  const end = (one: Live, call: Call): void => {
    last.add(call.index);
    live = live.filter((other) => other !== one);
  };
  const take = (call: Call): void => {
    const mappings = live.filter((one) => one.call.path === call.path && one.call.op === 'mmap');
    const first = call.op === 'mmap' && mappings.length > 0 ? earliest(mappings) : call;
    const [from, to] = call.whole ? [0, Number.POSITIVE_INFINITY] : [call.offset, call.offset + call.length];
    const here: Live = { call, from, to, first, left: to - from };
    live.push(here);
    takenBy.set(call.handle, call.index);
    if (call.op === 'mmap') {
      const written = rule.kind === 'mapped' && call.flags.has('shared') && call.flags.has('writable');
      if (call.flags.has('direct') || written || rule.files.includes(call.path!)) seal(here);
    } else if (DEVICE.has(call.op) && (rule.kind === 'dma' || rule.kind === 'mapped')) {
      const through = mappings.filter((one) => one.call.pid === call.pid && one.to > from && one.from < to);
      for (const one of through) seal(one);
      if (through.length === 0) {
        direct.add(call.index);
        before.add(call.index);
      }
    }
  };

  for (const call of calls) {
    const request = ['swapon', 'layout_get', 'address_query'].includes(call.op) || isLease(call);
    if (request && call.path !== null && !call.failed) requested.add(`${call.path} ${call.op}`);
    if (NAMED.has(call.op) && call.handle !== '' && call.path !== null && !call.failed) take(call);
    else if (RELEASES.has(call.op) && !call.failed) {
      const one = live.find(({ call: taken }) => taken.handle === call.handle && call.handle !== '');
      if (one === undefined) continue;
      one.left -= call.op === 'munmap' && call.length > 0 ? call.length : Number.POSITIVE_INFINITY;
      if (!(one.left > 0)) end(one, call);
    } else if (call.op === 'exit')
      for (const one of live) if (one.call.pid === call.pid && one.call.op !== 'swapon') end(one, call);
  }
  return { before, direct, last, requested, takenBy };
}

/** A lease of the layout; one for reading or writing is an ordinary one (fcntl(2)). */
export const isLease = (call: Call): boolean =>
  call.op === 'lease' && !call.flags.has('read') && !call.flags.has('write');

/** The first line of a chain of mappings: each knows the first that was alive when it was made. */
function earliest(mappings: readonly Live[]): Call {
  return mappings.map(({ first }) => first).reduce((a, b) => (isBefore(b, a) ? b : a));
}

const isBefore = (a: Call, b: Call): boolean => a.line.t < b.line.t || (a.line.t === b.line.t && a.index < b.index);

/** Lines of each thread in their order, without what devices do by themselves. */
export function chainsOf(calls: readonly Call[], isOfDevice: (call: Call) => boolean): Map<string, Call[]> {
  const chains = new Map<string, Call[]>();
  for (const call of calls) {
    if (isOfDevice(call) || OBSERVED.has(call.op)) continue;
    const chain = chains.get(call.thread) ?? [];
    chain.push(call);
    chains.set(call.thread, chain);
  }
  return chains;
}
