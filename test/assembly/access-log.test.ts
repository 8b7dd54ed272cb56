// Accesses are told in the order of time, whatever the order in which they ended.
import { describe, expect, it } from 'vitest';
import { AccessLog } from '../../src/assembly/access-log.js';
import type { Access } from '../../src/assembly/device-log.js';
import { Spill } from '../../src/trace/spill.js';

const access = (number: number, fromNs: number, toNs: number, addrs: readonly number[] = [0]): Access => ({
  ...{ number, fromNs, toNs, kind: 'memory', write: false, meta: false, device: -1, disk: -1 },
  ...{ task: 0, opId: 0, row: 0, direct: null, command: null },
  segments: addrs.map((addr) => ({ addr, length: 1, file: -1, offset: -1, moved: false })),
});

/** What is told of accesses that are added in this order. */
function told(accesses: readonly Access[]): string[] {
  const log = new AccessLog(new Spill());
  for (const one of accesses) log.add(one);
  const lines: string[] = [];
  log.each<number>({
    begin: ({ number, segments }, timeNs) => {
      lines.push(`${timeNs} begin ${number} of ${segments.map(({ addr }) => addr)}`);
      return number;
    },
    end: (_, timeNs, number) => lines.push(`${timeNs} end ${number}`),
  });
  return lines;
}

describe('AccessLog', () => {
  it('tells beginnings and ends in the order of time', () => {
    expect(told([access(1, 20, 30), access(2, 25, 40, [7, 8]), access(0, 10, 50)])).toEqual([
      '10 begin 0 of 0',
      '20 begin 1 of 0',
      '25 begin 2 of 7,8',
      '30 end 1',
      '40 end 2',
      '50 end 0',
    ]);
  });

  it('tells those of one time by number, beginnings before ends', () => {
    expect(told([access(2, 10, 10), access(1, 10, 20), access(0, 5, 10), access(3, 10, 20)])).toEqual([
      '5 begin 0 of 0',
      '10 end 0',
      '10 begin 1 of 0',
      '10 begin 2 of 0',
      '10 end 2',
      '10 begin 3 of 0',
      '20 end 1',
      '20 end 3',
    ]);
  });

  it('tells no end that was stamped before its beginning', () => {
    expect(told([access(0, 10, 5), access(1, 12, 13)])).toEqual(['10 begin 0 of 0', '12 begin 1 of 0', '13 end 1']);
  });

  it('is in order with many under way at once', () => {
    const many = Array.from({ length: 300 }, (_, i) => access(i, i, 1000 + ((i * 7919) % 301)));
    const ends = told(many)
      .filter((line) => line.includes('end'))
      .map((line) => Number(line.split(' ')[0]));
    expect(ends).toHaveLength(many.length);
    expect(ends).toEqual([...ends].sort((a, b) => a - b));
  });
});
