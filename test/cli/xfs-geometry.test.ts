// `--xfs-geometry`: in words and as xfs_info prints it, which one was used, and what is refused.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { scratch, sealtrace } from './support.js';

const root = join(import.meta.dirname, '..', '..');
const recording = join(root, 'traces', 'ftrace', 'xfs-movers.report.txt.gz');
const folder = scratch();

const INFO = `meta-data=/dev/pmem0             isize=512    agcount=8, agsize=24576 blks
         =                       sectsz=4096  attr=2, projid32bit=1
data     =                       bsize=4096   blocks=196096, imaxpct=25
naming   =version 2              bsize=4096   ascii-ci=0, ftype=1
log      =internal log           bsize=4096   blocks=16384, version=2
`;

const used = async (file: string, ...words: string[]): Promise<string> => {
  const said = await sealtrace(['inspect', file, '--json', ...words.flatMap((word) => ['--xfs-geometry', word])]);
  expect(said.code, said.err).toBe(0);
  const { issues } = JSON.parse(said.out) as { issues: { code: string; text: string }[] };
  return issues.find(({ code }) => code === 'xfs-geometry')!.text;
};

test('inspect says what was used: assumed, given in words, given as xfs_info prints it', async () => {
  expect(await used(recording)).toMatch(/^device 7:0: one allocation group seen: block numbers are assumed/);
  const given =
    /^device 7:0: allocation groups of 24576 blocks \(agblklog 15\), given; [1-9]\d* pairs .* agree, 0 contr/;
  expect(await used(recording, 'agblocks=24576,agblklog=15,blocksize=4096')).toMatch(given);
  expect(await used(recording, `7:0=${folder.file('info.txt', INFO)}`)).toMatch(given);
  expect(await used(recording, '8:1=agblocks=24576')).toContain('assumed');
});

test('a geometry that the recording contradicts is said to be', async () => {
  expect(await used(recording, 'agblocks=65')).toMatch(/ [1-9]\d* contradict it/);
});

const onepin = join(root, '..', 'shared', 'traces', 'recorded-dax', 's2-pins', 'linux-6.12', 'xfs-onepin-io1048576');
test.skipIf(!existsSync(onepin))(
  `blocks of groups that no event tells of are placed (skipped: no ${onepin})`,
  async () => {
    const told = async (...words: string[]): Promise<number> => {
      const said = await sealtrace(['inspect', join(onepin, 'trace.dat'), '--json', ...words]);
      const { unplaced } = JSON.parse(said.out) as { unplaced: { cause: string; count: number }[] };
      return unplaced.find(({ cause }) => cause.startsWith('block numbers of an allocation group'))?.count ?? 0;
    };
    expect(await told()).toBe(179);
    expect(await told('--xfs-geometry', 'agblocks=24576')).toBe(0);
  },
);

describe('what is refused', () => {
  test.each([
    ['agblock=1000', 'expected agblocks, agblklog or blocksize, found "agblock"; did you mean "agblocks"?'],
    ['blocksize=4096', 'expected the size of an allocation group (agblocks=N), found none'],
    ['agblocks=24576,agblklog=14', 'expected agblklog=15 for groups of 24576 blocks, found 14'],
    ['agblocks=x', 'agblocks is "x"; expected a whole number'],
    ['agblocks=10', 'expected agblocks from 64 to 2^31, found 10'],
    ['agblocks=4096,blocksize=3000', 'expected blocksize to be a power of two from 512 to 65536, found 3000'],
    ['nowhere.txt', 'no such file; expected what xfs_info prints'],
  ])('%s', async (word, message) => {
    const said = await sealtrace(['inspect', recording, '--xfs-geometry', word]);
    expect([said.code, said.out]).toEqual([2, '']);
    expect(said.err).toContain(message);
  });

  test('two for one device, two file systems in one file', async () => {
    const twice = await sealtrace([
      'inspect',
      recording,
      '--xfs-geometry',
      'agblocks=99',
      '--xfs-geometry',
      'agblocks=98',
    ]);
    expect(twice.err).toContain('two of them are for the same device');
    const both = folder.file('both.txt', INFO + INFO);
    const said = await sealtrace(['inspect', recording, '--xfs-geometry', both]);
    expect(said.err).toContain('expected one file system, found 2');
  });
});
