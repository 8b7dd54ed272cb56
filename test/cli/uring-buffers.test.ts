// One program under a uprobe, as trace.dat and its report, as perf.data and perf script: what it gave to io_uring is there, with
// where in which file, and what the kernel said; the program's own log is the measure. Recorded by traces/recipes/libc-probe.sh.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sealtrace } from './support.js';

const traces = join(import.meta.dirname, '..', '..', 'traces');

interface Line {
  readonly op: string;
  readonly t_ns: number;
  readonly elapsed_ns: number;
  readonly what: string;
  readonly offset: number;
  readonly length: number;
  readonly errno: number;
}
interface Row {
  readonly t: number;
  readonly op: string;
  readonly path?: string;
  readonly off?: number;
  readonly len?: number;
  readonly handle?: number | string | null;
  readonly ret?: number | string;
}

const ERRNO: Readonly<Record<number, number | string>> = { 0: 0, 14: '-EFAULT', 16: '-EBUSY' };

describe.each([
  ['trace-dat', 'uring-buffers.dat'],
  ['trace-dat', 'uring-buffers.report.txt.gz'],
  ['perf', 'uring-buffers.perf.data.gz'],
  ['perf', 'uring-buffers.script.txt.gz'],
])('%s/%s', (folder, name) => {
  const file = join(traces, folder, name);
  const log = readFileSync(join(traces, folder, 'uring-buffers.driver.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);

  const rowsOf = async (...words: string[]): Promise<{ originNs: number; rows: Row[] }> => {
    const said = await sealtrace(['ingest', file, ...words, '-o', '-', '--format', 'ndjson']);
    const [head, ...rows] = said.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    return { originNs: Number(head.originNs), rows: rows.filter(({ op }) => /register/.test(op)) };
  };

  test('registrations with their file, range and result; only what was given back is', async () => {
    const { originNs, rows } = await rowsOf('--events', 'uring');
    const during = ({ t_ns, elapsed_ns }: Line, op: string): Row[] =>
      rows.filter((row) => row.op === op && row.t + originNs >= t_ns && row.t + originNs <= t_ns + elapsed_ns);
    let seen = 0;
    const handles = new Map<number, Row['handle']>();
    for (const line of log) {
      const found = during(line, line.op === 'register' ? 'register' : 'deregister');
      const expected = line.what === 'plain' || (line.op === 'unregister' && line.errno !== 0) ? 0 : 1;
      expect(found, JSON.stringify(line)).toHaveLength(expected);
      seen += expected;
      const [row] = found;
      if (row === undefined) continue;
      if (line.op === 'register') {
        expect([row.off, row.len, row.ret]).toEqual([line.offset, line.length, ERRNO[line.errno]]);
        if (line.what === 'file') expect(row.path).toMatch(/buffers\.dat$/);
        handles.set(line.offset, row.handle);
      } else expect(row.handle).toBe(handles.get(256 * 1024));
    }
    expect(rows).toHaveLength(seen);
  });

  test('without the map none of it is known', async () => {
    expect((await rowsOf()).rows).toEqual([]);
  });

  test('the replay knows that the kernel refuses such buffers in a page-cache file', async () => {
    const said = await sealtrace(['replay', file, '--events', 'uring', '--policy', 'pagecache', '--json']);
    const { fidelity } = JSON.parse(said.out);
    expect(fidelity.byOp.register).toMatchObject({ agreed: 1, differed: 0 });
  });
});
