// What lines of taught events become, behind the beginning of a recording that has a file to place them in.
import { expect } from 'vitest';
import { type scratch, sealtrace } from './support.js';

/** A file opened, written and mapped at 0x10000 for 16 pages; each line of a test comes behind. */
const BEGIN = [
  'app-10 [000] 1.000000: sys_enter_openat: dfd: 0xffffff9c, filename: 0x1, flags: 0x2, mode: 0x0',
  'app-10 [000] 1.000001: sys_exit_openat: 0x3',
  'app-10 [000] 1.000002: sys_enter_pwrite64: fd: 0x3, buf: 0x1, count: 0x10000, pos: 0x0',
  'app-10 [000] 1.000003: xfs_file_buffered_write: dev 8:1 ino 0x83 disize 0x0 pos 0x0 bytecount 0x10000',
  'app-10 [000] 1.000004: sys_exit_pwrite64: 0x10000',
  'app-10 [000] 1.000005: sys_enter_mmap: addr: 0x0, len: 0x10000, prot: 0x3, flags: 0x1, fd: 0x3, off: 0x0',
  'app-10 [000] 1.000006: sys_exit_mmap: 0x10000',
];
/** Of the beginning itself. */
const NOT_TAUGHT = new Set(['open', 'mmap']);

export interface Row {
  readonly op: string;
  readonly dev?: string;
  readonly ino?: number;
  readonly off?: number;
  readonly len?: number;
  readonly handle?: string;
  readonly flags?: readonly string[];
  readonly ret?: number | string;
  readonly ns?: number;
}

/** Rows of the lines, and what of the map was found; `events`: name or file of the map. */
export async function toldBy(folder: ReturnType<typeof scratch>, lines: readonly string[], events: string) {
  const trace = folder.file('t.txt', `${[...BEGIN, ...lines].join('\n')}\n`);
  const inspected = await sealtrace(['inspect', trace, '--events', events, '--json']);
  expect(inspected.code, inspected.err).toBe(0);
  const text = await sealtrace(['ingest', trace, '--events', events, '-o', '-', '--format', 'ndjson']);
  const rows = text.out
    .split('\n')
    .slice(1)
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Row & { readonly t: number });
  const maps = JSON.parse(inspected.out).sources[0].maps;
  // The last line of the beginning is at 6 us.
  return { rows: rows.filter(({ op, t }) => t > 6000 && !NOT_TAUGHT.has(op) && TAUGHT.has(op)), use: maps[0] };
}

const TAUGHT = new Set(['register', 'deregister', 'pin', 'unpin', 'wait', 'address_query', 'read', 'write']);
