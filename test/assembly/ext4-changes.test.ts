// The same of ext4, which tells ranges, and some results.
import { describe, expect, test } from 'vitest';
import { Op } from '../../src/model/events.js';
import { by, changed, changes, read } from './told-changes.js';

const ext4 = (event: string, rest = ''): string => `ext4_${event}: dev 7,2 ino 12 ${rest}`.trimEnd();
const forgets = (from: number, count: number): string => ext4('es_remove_extent', `es [${from}/${count})`);

describe('ext4', () => {
  test('fallocate has its result and end where it takes blocks, and its range always', async () => {
    const events = [
      ...[
        ext4('fallocate_enter', 'offset 1048576 len 262144 mode'),
        ext4('fallocate_exit', 'pos 1048576 blocks 64 ret 0'),
      ],
      ext4('fallocate_enter', 'offset 2097152 len 65536 mode KEEP_SIZE'),
      ext4('fallocate_exit', 'pos 2097152 blocks 16 ret -28'),
      ext4('fallocate_enter', 'offset 8192 len 4096 mode KEEP_SIZE|WRITE_ZEROES'),
      ext4('zero_range', 'offset 8192 len 4096 mode KEEP_SIZE|WRITE_ZEROES'),
      ext4('fallocate_exit', 'pos 8192 blocks 1 ret 0'),
      ext4('fallocate_enter', 'offset 0 len 4096 mode KEEP_SIZE|PUNCH_HOLE'),
      ext4('punch_hole', 'offset 0 len 4096 mode KEEP_SIZE|PUNCH_HOLE'),
      ext4('fallocate_exit', 'pos 0 blocks 1 ret 0'),
      ...[
        ext4('punch_hole', 'offset 65536 len 32768 mode'),
        forgets(16, 8),
        ext4('punch_hole', 'offset 65536 len 32768 mode'),
      ],
      ...[
        ext4('zero_range', 'offset 262144 len 65536 mode ZERO_RANGE'),
        ext4('zero_range', 'offset 360458 len 8192 mode 0x11'),
      ],
      ...[ext4('collapse_range', 'offset 131072 len 16384'), forgets(32, 4294967263)],
      ...[ext4('collapse_range', 'offset 131073 len 16384'), ext4('insert_range', 'offset 131072 len 16384')],
      forgets(32, 4294967263),
    ];
    expect(await changes(by('iou-wrk-7-8', ...events))).toEqual([
      ['fallocate', '12', 1048576, 262144, 0, 1, ''],
      ['fallocate', '12', 2097152, 65536, -28, 1, 'keep_size'],
      ['zero', '12', 8192, 4096, 0, 2, 'keep_size'],
      ['punch', '12', 0, 4096, 0, 2, 'keep_size'],
      ['punch', '12', 65536, 32768, '-', '-', 'keep_size'],
      ['punch', '12', 65536, 32768, '-', '-', 'keep_size'],
      ['zero', '12', 262144, 65536, '-', '-', ''],
      ['zero', '12', 360458, 8192, '-', '-', 'keep_size'],
      ['collapse', '12', 131072, 16384, '-', '-', ''],
      ['collapse', '12', 131073, 16384, -22, '-', ''],
      ['insert', '12', 131072, 16384, '-', '-', ''],
    ]);
  });

  const CUT = [ext4('truncate_enter', 'blocks 80'), forgets(25, 4294967270), ext4('truncate_exit', 'blocks 0')];

  test('a truncate has its size where that becomes smaller, else the block it cuts at; without either, and for what a file that goes loses, there is none', async () => {
    const events = [
      ...CUT,
      ...[ext4('begin_ordered_truncate', 'new_size 100005'), ...CUT, ...CUT],
      ...[ext4('truncate_enter', 'blocks 80'), ext4('sync_file_enter', 'parent 2 datasync 1')],
      ...[ext4('evict_inode', 'nlink 0'), ext4('begin_ordered_truncate', 'new_size 0'), ...CUT],
      // Another file of that number.
      ext4('begin_ordered_truncate', 'new_size 7'),
    ];
    expect(await changes(by('nfsd-7', ...events))).toEqual([
      ['truncate', '12', 0, 102400, '-', 2, ''],
      ['truncate', '12', 0, 100005, '-', 3, ''],
      ['truncate', '12', 0, 100005, '-', 2, ''],
      ['fsync', '12', '-', '-', '-', '-', ''],
      ['truncate', '12', 0, 7, '-', '-', ''],
    ]);
  });

  test('fsync and unlink have results; the blocks of an unlinked file go with its unlink', async () => {
    const events = [
      ...[ext4('sync_file_enter', 'parent 2 datasync 0'), ext4('sync_file_exit', 'ret -5')],
      ext4('unlink_enter', 'size 262144 parent 2'),
      'ext4_es_insert_extent: dev 7,2 ino 2 es [0/1) mapped 2486 status W',
      ext4('unlink_exit', 'ret 0'),
      ...[ext4('evict_inode', 'nlink 0'), ...CUT],
    ];
    const text = by('nfsd-7', ...events);
    expect(await changes(text)).toEqual([
      ['fsync', '12', '-', '-', -5, 1, ''],
      ['unlink', '12', '-', '-', 0, 2, ''],
    ]);
    expect(await changed(text)).toEqual({ fsync: [], unlink: ['map_unknown', 'map_remove'] });
  });

  test('what io_uring_enter hands over is a request of its own, also where the caller itself makes it', async () => {
    const request = (from: number): string[] => [
      ext4('fallocate_enter', `offset ${from * 4096} len 4096 mode`),
      ext4('es_insert_extent', `es [${from}/1) mapped ${900 + from} status U`),
      ext4('fallocate_exit', `pos ${from * 4096} blocks 1 ret 0`),
    ];
    const enter = 'sys_enter_io_uring_enter: fd: 0x00000007, to_submit: 0x00000002';
    const text = by('fio-7', enter, ...request(8), ...request(16), 'sys_exit_io_uring_enter: 0x2');
    const { columns: c } = await read(text);
    const asked = [...c.op.keys()].filter((row) => c.op[row] === Op.fallocate);
    const mapped = [...c.op.keys()].filter((row) => c.op[row] === Op.map_insert);
    expect(asked.map((row) => [c.offset[row], c.result[row], c.latencyNs[row]])).toEqual([
      [32768, 0, 2000],
      [65536, 0, 2000],
    ]);
    expect(mapped.map((row) => c.opId[row])).toEqual(asked.map((row) => c.opId[row]));
  });

  test('an error whose sign perf script loses is one', async () => {
    const events = [ext4('unlink_enter', 'size 1 parent 2'), ext4('unlink_exit', 'ret 4294967268')];
    expect((await changes(by('nfsd-7', ...events))).map((one) => one[4])).toEqual([-28]);
  });
});
