// bpftrace: a path counts from where its process is, or from the directory behind a descriptor: the same name elsewhere is another file.
import { expect, test } from 'vitest';
import { bpftrace } from '../../src/formats/bpftrace.js';
import { OPS, Op } from '../../src/model/events.js';
import { readAs } from './support.js';

let ns = 0;
const line = (rest: string, task = 10): string => `${5_000_000_000 + ns++ * 100}\t1\t${task}\t${task}\tst-a\t${rest}\n`;
const call = (name: string, values: string, ret = 0, task = 10): string =>
  line(`${name}\t-\t-\t${values}`, task) + line(`sys_exit_${name}\t-\t-\tret=${ret}`, task);
/** Opens a file, and tells which it is. */
const opens = (path: string, inode: number, fd = 4, dfd = -100): string =>
  line(`openat\t-\t-\tdfd=${dfd} flags=0x2 path=${path}`) + line(`openat_ret\t7:0\t${inode}\tret=${fd}`);
const unlinks = (path: string, dfd = -100, task = 10): string =>
  call('unlinkat', `dfd=${dfd} flag=0x0 path=${path}`, 0, task);

/** Inodes of what was unlinked; the path where no inode is known, '' where nothing is. */
async function unlinked(...parts: readonly string[]): Promise<readonly string[]> {
  const { columns: c, files } = (await readAs(bpftrace, parts.join(''))).trace;
  const rows = [...c.op.keys()].filter((row) => OPS[c.op[row]!] === OPS[Op.unlink]);
  return rows.map((row) => files[c.file[row]!]?.inode || (files[c.file[row]!]?.path ?? ''));
}

test('from the working directory', async () => {
  const story = opens('x', 131) + call('chdir', 'path=d/e');
  expect(await unlinked(story, opens('y', 132), unlinks('x'), unlinks('../../x'), unlinks('./y'))).toEqual([
    'd/e/x',
    '131',
    '132',
  ]);
  expect(await unlinked(opens('x', 131), call('chdir', 'path=d', -2), unlinks('x'))).toEqual(['131']);
  expect(await unlinked(call('chdir', 'path=/d'), opens('x', 131), unlinks('/d/x'))).toEqual(['131']);
});

test('from a directory behind a descriptor, which may be a copy', async () => {
  const story = opens('/d', 128, 5) + opens('x', 131, 6, 5);
  expect(await unlinked(story, unlinks('/d/x'))).toEqual(['131']);
  expect(await unlinked(story, call('fcntl', 'fd=5 cmd=0x406 arg=0x9', 9), unlinks('x', 9))).toEqual(['131']);
  expect(await unlinked(story, call('fchdir', 'fd=5'), unlinks('x'))).toEqual(['131']);
  expect(await unlinked(story, call('close', 'fd=5'), unlinks('x', 5))).toEqual(['']);
});

test('of what was made, from where its maker was then; and from a root of its own', async () => {
  const fork = line('newtask\t-\t-\tchild=11 flags=0x1200011');
  const story = call('chdir', 'path=d') + opens('x', 131) + fork + call('chdir', 'path=..');
  expect(await unlinked(story, unlinks('x', -100, 11), unlinks('x'))).toEqual(['131', 'x']);
  const rooted = opens('d/x', 131) + call('chroot', 'path=d') + call('chdir', 'path=/');
  expect(await unlinked(rooted, unlinks('x'))).toEqual(['131']);
});

test('what is renamed to where nothing tells has its name no more', async () => {
  const rename = call('rename', `path=x\tto=${'p'.repeat(63)}`);
  expect(await unlinked(opens('x', 131), rename, opens('y', 132), unlinks('x'))).toEqual(['x']);
});

test('a path that may be cut is none', async () => {
  const path = 'p'.repeat(63);
  expect(await unlinked(opens(path, 131), unlinks(path))).toEqual(['']);
  expect(await unlinked(opens(`${path}q`, 131), unlinks(`${path}q`))).toEqual(['131']);
});
