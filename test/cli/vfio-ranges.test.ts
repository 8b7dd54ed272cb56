// A program that gives ranges to VFIO and iommufd under a uprobe, as trace.dat and its report: each range is in its file, with what
// the kernel said; the program's own log is the measure. Recorded by traces/recipes/libc-probe.sh on a kernel without VFIO.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sealtrace } from './support.js';

const folder = join(import.meta.dirname, '..', '..', 'traces', 'trace-dat');

interface Line {
  readonly op: string;
  readonly t_ns: number;
  readonly elapsed_ns: number;
  readonly what: string;
  readonly offset: number;
  readonly length: number;
  readonly write: number;
  readonly errno: number;
}
interface Row {
  readonly t: number;
  readonly op: string;
  readonly path?: string;
  readonly off?: number;
  readonly len?: number;
  readonly flags?: readonly string[];
  readonly handle: unknown;
  readonly ret?: string;
}

const log = readFileSync(join(folder, 'vfio-ranges.driver.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Line);

describe.each(['vfio-ranges.dat', 'vfio-ranges.report.txt.gz'])('%s', (name) => {
  test('what was asked is placed, and holds nothing where the kernel refused it', async () => {
    const said = await sealtrace(['ingest', join(folder, name), '--events', 'vfio', '-o', '-', '--format', 'ndjson']);
    const [head, ...all] = said.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const rows = (all as Row[]).filter(({ op }) => /register/.test(op));
    // Plain memory is no file's.
    const expected = log.filter(({ op, what }) => op === 'register' && what !== 'plain');
    expect(expected.map(({ errno }) => errno)).toEqual(expected.map(() => 25));
    expect(rows).toHaveLength(expected.length);
    for (const [i, { t_ns, elapsed_ns, what, offset, length, write }] of expected.entries()) {
      const row = rows[i]!;
      const at = row.t + Number(head.originNs);
      expect(at).toBeGreaterThanOrEqual(t_ns);
      expect(at).toBeLessThanOrEqual(t_ns + elapsed_ns);
      expect([row.op, row.off, row.len, row.ret, row.handle]).toEqual(['register', offset, length, '-ENOTTY', null]);
      expect(row.flags ?? []).toEqual(write === 1 ? ['write'] : []);
      if (what === 'file') expect(row.path).toBe('guest.dat');
    }
  });

  test('what could not be placed is counted by cause', async () => {
    const said = await sealtrace(['inspect', join(folder, name), '--events', 'vfio', '--json']);
    const [use] = JSON.parse(said.out).sources[0].maps;
    expect(use.events).toContainEqual({ event: 'seal:vfio_ioctl', records: log.length });
    const causes = use.operations.map(({ unplaced }: { unplaced: object }) => unplaced);
    expect(causes).toEqual([{ 'its memory, or its inode, is of no file known': 1 }, { failed: 1 }, {}, { failed: 1 }]);
  });
});
