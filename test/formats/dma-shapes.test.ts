// Every shape in which the kernel tells of a device's access to memory becomes one interval: begin, end, direction, length, address.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ftraceText } from '../../src/formats/ftrace-text.js';
import { OPS, Op } from '../../src/model/events.js';
import type { Trace } from '../../src/model/trace.js';
import { driverLines, load, shared } from '../kernel/recordings.js';
import { readAs } from './support.js';

const accesses = ({ columns: c }: Trace): unknown[] =>
  Array.from({ length: c.rows }, (_, row) => row)
    .filter((row) => c.op[row] === Op.dma_read || c.op[row] === Op.dma_write)
    .map((row) => [OPS[c.op[row]!], c.addr[row], c.length[row], c.latencyNs[row]]);

const read = async (...lines: string[]): Promise<Trace> => {
  const text = lines.map((line, i) => `nfsd-7 [000] 1.${String(i).padStart(6, '0')}: ${line}`).join('\n');
  return (await readAs(ftraceText, `${text}\n`)).trace;
};

test.each([
  [
    'dma_map_page',
    [
      'dma_map_page: 0000:00:02.0 dir=FROM_DEVICE dma_addr=fff18000 size=16384 phys_addr=100aa4000 attrs=',
      'dma_unmap_page: 0000:00:02.0 dir=FROM_DEVICE dma_addr=fff18000 size=16384 attrs=',
    ],
    [['dma_write', 0x100aa4000, 16384, 1000]],
  ],
  [
    'dma_map_phys (Linux 6.18)',
    [
      'dma_map_phys: 0000:00:02.0 dir=TO_DEVICE dma_addr=1000 size=512 phys_addr=1000 attrs=',
      'dma_unmap_phys: 0000:00:02.0 dir=TO_DEVICE dma_addr=1000 size=512 attrs=',
    ],
    [['dma_read', 0x1000, 512, 1000]],
  ],
  [
    'dma_map_sg, as trace-cmd prints it',
    [
      'dma_map_sg: [FAILED TO PARSE] device=0000:00:02.0 full_nents=2 full_ents=2 truncated=0 phys_addrs=ARRAY[00, 00, 10, 00, 00, 00, 00, 00, 00, 00, 30, 00, 00, 00, 00, 00] dma_addrs=ARRAY[00, 00, 10, 00, 00, 00, 00, 00, 00, 00, 30, 00, 00, 00, 00, 00] lengths=ARRAY[00, 10, 00, 00, 00, 20, 00, 00] dir=2 attrs=0x0',
      'dma_unmap_sg: [FAILED TO PARSE] device=0000:00:02.0 addrs=ARRAY[00, 00, 10, 00, 00, 00, 00, 00, 00, 00, 30, 00, 00, 00, 00, 00] dir=2 attrs=0x0',
    ],
    [['dma_write', 0x100000, 0x3000, 1000]],
  ],
  [
    'dma_map_sg, as the tracefs files print it',
    [
      'dma_map_sg: 0000:00:02.0 dir=TO_DEVICE nents=2/2 ents=2/2 dma_addrs={0x100000,0x300000} sizes={0x1000,0x2000} phys_addrs={0x100000,0x101000} attrs=',
      'dma_unmap_sg: 0000:00:02.0 dir=TO_DEVICE phys_addrs={0x100000,0x101000} attrs=',
    ],
    [['dma_read', 0x100000, 0x3000, 1000]],
  ],
  [
    'iommu alone (VFIO): one unmap may end several',
    [
      'map: IOMMU: iova=0x0000000010000000 - 0x0000000010001000 paddr=0x000000000a942000 size=4096',
      'map: IOMMU: iova=0x0000000010001000 - 0x0000000010003000 paddr=0x000000000a800000 size=8192',
      'unmap: IOMMU: iova=0x0000000010000000 - 0x0000000010003000 size=12288 unmapped_size=12288',
    ],
    [
      ['dma_write', 0xa942000, 4096, 2000],
      ['dma_write', 0xa800000, 8192, 1000],
    ],
  ],
  [
    'iommu behind the DMA API: one interval, that of the DMA API',
    [
      'map: IOMMU: iova=0x00000000fff18000 - 0x00000000fff1c000 paddr=0x0000000100aa4000 size=16384',
      'dma_map_page: 0000:00:02.0 dir=FROM_DEVICE dma_addr=fff18000 size=16384 phys_addr=100aa4000 attrs=',
      'unmap: IOMMU: iova=0x00000000fff18000 - 0x00000000fff1c000 size=16384 unmapped_size=16384',
      'dma_unmap_page: 0000:00:02.0 dir=FROM_DEVICE dma_addr=fff18000 size=16384 attrs=',
    ],
    [['dma_write', 0x100aa4000, 16384, 2000]],
  ],
  [
    'NFS over RDMA',
    [
      'xprtrdma_mr_map: task:351@5 mr.id=4 nents=2 5608@0x00000012f6f56000:0x00000503 (TO_DEVICE)',
      'xprtrdma_mr_map: task:0000015f@00000005 mr.id=5 nents=1 4096@0x00000013aabbc000:0x00000504 (FROM_DEVICE)',
      'xprtrdma_mr_unmap: mr.id=4 nents=2 5608@0x00000012f6f56000:0x00000503 (TO_DEVICE)',
      'xprtrdma_mr_unmap: mr.id=5 nents=1 4096@0x00000013aabbc000:0x00000504 (FROM_DEVICE)',
    ],
    [
      ['dma_read', 0x12f6f56000, 5608, 2000],
      ['dma_write', 0x13aabbc000, 4096, 2000],
    ],
  ],
])('%s', async (_name, lines, expected) => {
  const trace = await read(...lines);
  expect(accesses(trace)).toEqual(expected);
  // What leads to no file is in the share that inspect prints, and counted by cause.
  expect(trace.deviceAccess.accesses).toBe(expected.length);
  expect(trace.deviceAccess.placedPages).toBe(0);
  const told = Object.values(trace.unplaced).reduce((sum, count) => sum + count, 0);
  expect(told).toBe(trace.deviceAccess.pages);
});

test.each([
  'dma_map_sg: [FAILED TO PARSE] device=d full_nents=200 full_ents=200 truncated=1 phys_addrs=ARRAY[00, 00, 10, 00, 00, 00, 00, 00] dma_addrs=ARRAY[00, 00, 10, 00, 00, 00, 00, 00] lengths=ARRAY[00, 10, 00, 00] dir=1 attrs=0x0',
  'dma_map_sg: d dir=TO_DEVICE nents=128/200 ents=128/200 [TRUNCATED] dma_addrs={0x100000} sizes={0x1000} phys_addrs={0x100000} attrs=',
])('a list that the event cuts short says so: %s', async (line) => {
  const trace = await read(line);
  expect(accesses(trace)).toEqual([['dma_read', 0x100000, 4096, 0]]);
  expect(trace.issues.map(({ code }) => code)).toContain('dma-list-truncated');
  expect(trace.unplaced['device accesses still open at the end of the recording']).toBe(1);
});

test('memory regions that the kernel allocates tell no memory, and that is said', async () => {
  const trace = await read('mr_alloc: pd.id=1 mr.id=9 type=MEM_REG max_num_sg=16 rc=0', 'mr_dereg: mr.id=9');
  expect(accesses(trace)).toEqual([]);
  expect(trace.unplaced['RDMA memory regions of the kernel: mr_alloc tells no memory']).toBe(1);
});

const registrations = join(shared, 'recorded-dax', 's4-registrations', 'registrations');
test.skipIf(!existsSync(registrations))(
  `VFIO: what was mapped while the program mapped is what it asked for (skipped: no ${registrations})`,
  async () => {
    const trace = await load(join(registrations, 'trace.txt.gz'), 'registrations');
    const { columns: c } = trace;
    const asked = driverLines(join(registrations, 'driver.jsonl')).filter(({ op }) => op === 'vfio_iommu_map_dma');
    expect(asked.length).toBeGreaterThan(10);
    let rows = 0;
    for (const { t_ns, elapsed_ns, rc } of asked) {
      let bytes = 0;
      for (let row = 0; row < c.rows; row++) {
        const atNs = c.timeNs[row]! + Number(trace.originNs);
        if (c.op[row] !== Op.dma_write || atNs < t_ns || atNs > t_ns + elapsed_ns) continue;
        bytes += c.length[row]!;
        rows++;
      }
      expect(bytes).toBe(rc === 0 ? 2 << 20 : 0);
    }
    expect(rows).toBeGreaterThan(500);
  },
);
