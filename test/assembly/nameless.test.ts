// Damage may take the device, the inode or the number out of a record: what is left is about no file and no task, and never about
// one that is called so.
import { expect, test } from 'vitest';
import { writeNdjson } from '../../src/trace/ndjson-writer.js';
import { read } from './told-changes.js';

test('nothing is called NaN', async () => {
  const trace = await read(
    [
      'a-7: sys_enter_fsync: fd: 0x3',
      'a-7: xfs_file_fsync: dev 7:0 ino 0x83',
      'a-7: sys_exit_fsync: 0x0',
      'a-7: sys_enter_fsync: ',
      'a-7: xfs_file_fsync: dev 7:0 ino',
      'a-7: sys_exit_fsync: 0x0',
      'a-7: sys_enter_fsync: fd: 0x5',
      'a-7: xfs_file_fsync: dev = ino 0x84',
      'a-7: sys_exit_fsync: 0x0',
      'a-7: sched_process_fork: comm=a pid=7 child_comm=b child_pid=',
      'a-7: task_newtask: pid= comm=b clone_flags=0 oom_score_adj=0',
    ].join('\n'),
  );
  expect(JSON.stringify([trace.files, trace.tasks, trace.kinds])).not.toMatch(/NaN|null/);
  expect(trace.files.map(({ inode, path }) => inode || path)).toEqual(['131', 'descriptor 5 of a (7), inode not told']);
  expect(trace.unplaced).toMatchObject({
    'events that lack the device or the inode of their file': 2,
    'tasks that were made, and the event lacks their number': 2,
  });
  const text = [...writeNdjson(trace)].join('');
  expect(text).not.toContain('NaN');
});
