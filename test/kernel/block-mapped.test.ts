// ext4 without extents, as file systems that once were ext3: FIEMAP steps over blocks whose allocation is delayed (seen on
// Linux 6.18: all of a file, or those behind a block that is not there), so that a look proves nothing before they are written back.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { installed, onVolume, start, whyNot } from './live.js';

const reason = whyNot() || (installed('python3') ? '' : 'python3 is not here');
if (reason !== '') console.warn(`SKIPPED: nothing is recorded on this kernel (${reason})`);

const DELAYED = `
import os, sys
for name, places in (('x', (53, 1053)), ('y', (0, 97))):
    file = os.open(f'{sys.argv[1]}/{name}', os.O_RDWR | os.O_CREAT)
    for place in places:
        os.pwrite(file, b'x' * 3000, place * 1024)
        if place == 0: os.fsync(file)
`;

describe.skipIf(reason !== '')('ext4 without extents', () => {
  const here = onVolume('ext4', ['-O', '^extents,^64bit']);

  test('blocks that are delayed at the end of a recording are no difference', async () => {
    const { built, folder, volume } = here;
    const words = ['record', '--json', '--path', volume.mount, '-o', join(folder, 'run.sealtrace'), '--'];
    const ran = await start(built, [...words, 'python3', '-c', DELAYED, volume.mount], folder).ended;
    expect(ran.code, ran.err).toBe(0);
    expect(JSON.parse(ran.out).maps).toMatchObject({ files: 2, equal: 2, different: [] });
  });
});
