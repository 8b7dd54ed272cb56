// A trace without its names: paths, commands, inodes, inputs and unknown events become keyed hashes (HMAC-SHA-256), whatever
// may quote the recording goes. Operations, sizes, addresses, process numbers and the order of everything stay.

import { createHmac } from 'node:crypto';
import type { MapUse } from '../model/event-map.js';
import type { FileInfo, TaskInfo } from '../model/events.js';
import { kernelEvent } from '../model/kernel-events.js';
import type { RecordKind, SourceInfo, Trace } from '../model/trace.js';

/** Hex digits of a name: among a million names two are alike once in half a billion traces. */
const DIGITS = 16;
/** An inode stays a number below 2^52, which JSON holds exactly. */
const INODE_DIGITS = 13;

export interface AnonymizeOptions {
  /** The same key gives the same names, in this trace and in others; who has it can test a guess. */
  readonly key: string | Uint8Array;
  /** Moves time zero, by an amount that the key decides. */
  readonly shift: boolean;
}

export function anonymized(trace: Trace, { key, shift }: AnonymizeOptions): Trace {
  const hash = (kind: string, text: string): string =>
    createHmac('sha256', key).update(`${kind}\0${text}`).digest('hex').slice(0, DIGITS);
  const named = (kind: string, text: string): string => (text === '' ? '' : hash(kind, text));
  const taught = taughtNames(trace);
  return {
    ...trace,
    files: trace.files.map((file) => hiddenFile(file, hash)),
    tasks: trace.tasks.map((task): TaskInfo => ({ ...task, name: named('comm', task.name) })),
    kinds: trace.kinds.map(
      (kind): RecordKind => (kind.typed && !taught.has(kind.name) ? kind : { ...kind, name: hash('event', kind.name) }),
    ),
    sources: trace.sources.map((source): SourceInfo => {
      const kernel = /^\d+(\.\d+)*/.exec(source.kernel)?.[0] ?? '';
      const { joined } = source;
      // An offset to the wall clock would tell when it was.
      const moved = joined === undefined || !shift ? {} : { joined: { ...joined, offsetNs: 0n } };
      const maps = source.maps?.map((use) => hiddenMap(use, hash));
      const hidden = { name: hash('source', source.name), kernel, facts: {}, ...(maps === undefined ? {} : { maps }) };
      return { ...source, ...moved, ...hidden };
    }),
    issues: trace.issues.map((issue) => {
      const text = 'what it said was left out: it may quote the recording';
      return { ...issue, source: named('source', issue.source), text };
    }),
    originNs: shift ? BigInt(`0x${hash('origin', '').slice(0, 12)}`) : trace.originNs,
    extras: new Map(),
  };
}

/** Names of events that only an event map knows: drivers of somebody's own. */
function taughtNames({ sources }: Trace): ReadonlySet<string> {
  const events = sources.flatMap(({ maps = [] }) => maps.flatMap((use) => use.events));
  return new Set(events.map(({ event }) => event.replace(/^.*:/, '')).filter((name) => kernelEvent(name) < 0));
}

function hiddenMap(use: MapUse, hash: (kind: string, text: string) => string): MapUse {
  return {
    map: hash('map', use.map),
    events: use.events.map((one) => ({ ...one, event: hash('event', one.event) })),
    operations: use.operations.map((one) => ({ ...one, event: hash('event', one.event) })),
  };
}

/** A path keeps its depth, and files of one folder stay in one folder. */
function hiddenFile({ device, inode, path }: FileInfo, hash: (kind: string, text: string) => string): FileInfo {
  const parts = path.split('/').map((part) => (part === '' ? '' : hash('path', part)));
  return {
    device,
    inode: inode === '' ? '' : String(Number.parseInt(hash('inode', inode).slice(0, INODE_DIGITS), 16)),
    path: parts.join('/'),
  };
}
