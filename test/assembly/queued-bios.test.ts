// Bios of devices that make no requests are accesses from their queue to their end; those of others are told by what is made of them.
import { describe, expect, test } from 'vitest';
import { QueuedBios } from '../../src/assembly/queued-bios.js';
import { Op } from '../../src/model/events.js';
import { by, read } from './told-changes.js';

const BLOCK = 512;
const queued = (device: string, sector: number, sectors: number, rwbs = 'WS'): string =>
  `block_bio_queue: ${device} ${rwbs} ${sector} + ${sectors} [fio]`;
const ended = (device: string, sector: number, sectors: number, rwbs = 'WS'): string =>
  `block_bio_complete: ${device} ${rwbs} ${sector} + ${sectors} [0]`;

/** The first 64 blocks of the device are a file. */
const mapped = (device: string): string =>
  `xfs_iext_insert: dev ${device.replace(',', ':')} ino 0x83 state  cur 0000000012345678/0 fileoff 0x0 startblock 0x0 fsbcount 0x40 flag 0`;

/** What disks were asked for the file: address and length in sectors, duration in us, `w`rite or `r`ead. */
async function asked(device: string, ...events: string[]): Promise<readonly string[]> {
  const { columns: c } = await read(by('fio-7', mapped(device), ...events));
  return [...c.op.keys()].flatMap((row) =>
    c.op[row] === Op.block_io
      ? [
          `${c.addr[row]! / BLOCK}+${c.length[row]! / BLOCK} ${c.latencyNs[row]! / 1000} ${c.flags[row]! & 1 ? 'w' : 'r'}`,
        ]
      : [],
  );
}

describe('bios', () => {
  test('of zram are accesses; discards, flushes and what ended before its queue was seen are none', async () => {
    expect(
      await asked(
        '253,0',
        ...[
          ended('253,0', 8, 8),
          queued('253,0', 256, 32),
          queued('253,0', 64, 16, 'RA'),
          ended('253,0', 64, 16, 'RA'),
        ],
        ...[
          ended('253,0', 256, 32),
          queued('253,0', 0, 0, 'F'),
          queued('253,0', 0, 128, 'D'),
          ended('253,0', 0, 128, 'D'),
        ],
      ),
    ).toEqual(['256+32 3 w', '64+16 1 r']);
  });

  test('that were split end in parts, each from the same beginning', async () => {
    expect(await asked('253,0', queued('253,0', 0, 64), ended('253,0', 0, 16), ended('253,0', 16, 48))).toEqual([
      '0+16 1 w',
      '16+48 2 w',
    ]);
  });

  test('of a disk that makes requests are told by these', async () => {
    expect(
      await asked(
        '7,1',
        ...[queued('7,1', 64, 16), 'block_rq_issue: 7,1 WS 8192 () 64 + 16 be,0,4 [fio]'],
        ...['block_rq_complete: 7,1 WS () 64 + 16 be,0,4 [0]', queued('7,1', 128, 16), ended('7,1', 128, 16)],
      ),
    ).toEqual(['64+16 1 w']);
  });

  test('of a mapped device are told by the disk below', async () => {
    expect(
      await asked(
        '252,0',
        ...[queued('252,0', 64, 16), 'block_bio_remap: 253,0 WS 320 + 16 <- (252,0) 64', queued('253,0', 320, 16)],
        ...[ended('253,0', 320, 16), ended('252,0', 64, 16)],
      ),
    ).toEqual(['320+16 1 w']);
  });

  test('are not kept for ever where nothing tells of their ends', () => {
    const bios = new QueuedBios();
    for (let sector = 0; sector < 100_000; sector++) bios.add(7, sector);
    expect(bios.isTold(7)).toBe(true);
    expect([...bios.open.rest()]).toEqual([]);
    for (let sector = 0; sector < 100; sector++) {
      bios.add(8, sector);
      if (sector % 2 === 0) bios.end(8, sector);
    }
    expect(bios.rest()).toHaveLength(50);
    for (let sector = 100; sector < 100_000; sector++) bios.add(8, sector);
    expect(bios.rest()).toEqual([]);
  });
});
