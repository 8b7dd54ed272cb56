// Processes that live for a few milliseconds: what they inherited, and what their programs are mapped from, by device and
// inode. What is true is known from the program that makes them.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Flag, Op } from '../../src/model/events.js';
import { ingest } from '../../src/trace/ingest.js';
import { type Built, builtProgram } from '../support/built.js';
import { makeVolume, start, TRACEFS, type Volume, whyNot, workshop } from './live.js';

const reason = whyNot();
if (reason !== '') console.warn(`SKIPPED: no short-lived processes are recorded (${reason})`);

/** Children live for 5 ms: half read an inherited descriptor through an inherited mapping, half are a program of the volume. */
const PROGRAM = `
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
static long inode(const char *path) { struct stat s; stat(path, &s); return (long)s.st_ino; }
int main(int argc, char **argv) {
  if (argc == 2) { usleep(5000); return strcmp(argv[1], "live"); }
  char shared[500], held[500], log[500];
  snprintf(shared, 500, "%s/shared", argv[1]); snprintf(held, 500, "%s/held", argv[1]); snprintf(log, 500, "%s.log", argv[1]);
  FILE *out = fopen(argv[2], "w");
  int s = open(shared, O_RDWR | O_CREAT, 0600), h = open(held, O_RDWR | O_CREAT, 0600);
  char page[65536]; memset(page, 7, sizeof page);
  write(s, page, sizeof page); write(h, page, sizeof page); fsync(s); fsync(h);
  char *m = mmap(0, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, s, 0);
  close(s);
  fprintf(out, "shared 0 %ld\\nheld 0 %ld\\nbinary 0 %ld\\n", inode(shared), inode(held), inode(argv[0]));
  for (int i = 0; i < 40; i++) {
    fflush(out);
    pid_t child = fork();
    if (child == 0 && i % 2 == 1) { execl(argv[0], argv[0], "live", (char *)0); _exit(9); }
    if (child == 0) { pread(h, m + 4096 * (i % 16), 512, 0); usleep(5000); _exit(0); }
    fprintf(out, "%s %d 0\\n", i % 2 == 1 ? "program" : "copy", child);
    waitpid(child, 0, 0);
  }
  return fclose(out);
}
`;

describe.skipIf(reason !== '')(
  `short-lived processes on this kernel (${reason === '' ? 'as root' : `skipped: ${reason}`})`,
  () => {
    let folder = '';
    let built: Built;
    const volumes = new Map<string, Volume>();

    beforeAll(async () => {
      built = await builtProgram();
      folder = workshop();
      writeFileSync(join(folder, 'births.c'), PROGRAM);
      for (const fs of ['xfs', 'ext4'] as const) {
        const volume = makeVolume(folder, fs);
        volumes.set(fs, volume);
        execFileSync('cc', ['-w', '-O1', '-o', join(volume.mount, 'births'), join(folder, 'births.c')]);
      }
    });
    afterAll(() => {
      for (const volume of volumes.values()) volume.remove();
      rmSync(folder, { recursive: true, force: true });
      built.remove();
    });

    test.each(['xfs', 'ext4'])('%s: each tells its descriptors and mappings, one that lives 5 ms too', async (fs) => {
      const { mount } = volumes.get(fs)!;
      const [log, out] = [join(folder, `${fs}.log`), join(folder, `${fs}.sealtrace`)];
      const words = ['record', '--json', '--path', mount, '-o', out, '--', join(mount, 'births'), mount, log];
      const running = start(built, words, folder);
      const ran = await running.ended;
      expect(ran.code, ran.err).toBe(0);
      const ours = `sealtrace-${running.process.pid}-`;
      expect(readdirSync(join(TRACEFS, 'instances')).filter((name) => name.startsWith(ours))).toEqual([]);
      const { births, tracingCpuNs, seconds } = JSON.parse(ran.out);
      // 40 processes, 20 of them with a program, and the driver's own.
      expect(births.born).toBeGreaterThanOrEqual(60);
      const truth = readFileSync(log, 'utf8')
        .trim()
        .split('\n')
        .map((line) => line.split(' '));
      const [shared, held, binary] = truth.slice(0, 3).map(([, , inode]) => inode);
      const { trace } = await ingest([out]);
      const { columns: c, tasks, files } = trace;
      const rows = (pid: string | undefined, op: number): { inode: string; synthetic: boolean }[] =>
        Array.from({ length: c.rows }, (_, row) => row)
          .filter((row) => c.op[row] === op && String(tasks[c.task[row]!]?.pid) === pid)
          .map((row) => ({
            inode: files[c.file[row]!]?.inode ?? '',
            synthetic: (c.flags[row]! & Flag.synthetic) !== 0,
          }));
      const copies = truth.filter(([kind]) => kind === 'copy').map(([, pid]) => pid);
      const programs = truth.filter(([kind]) => kind === 'program').map(([, pid]) => pid);
      expect([copies.length, programs.length]).toEqual([20, 20]);
      for (const pid of copies) {
        expect(rows(pid, Op.mmap)).toContainEqual({ inode: shared, synthetic: true });
        expect(rows(pid, Op.read).map(({ inode }) => inode)).toContain(held);
      }
      // No event tells what exec maps: known by the look alone.
      const known = programs.filter((pid) => rows(pid, Op.mmap).some(({ inode }) => inode === binary));
      const gone = births.born - births.seen;
      console.log(
        `${fs}: ${known.length} of ${programs.length} programs of 5 ms were seen, ${gone} of ${births.born} births were not; half of the looks within ${births.halfWithinUs} us, all within ${births.allWithinUs} us`,
      );
      expect(known.length).toBeGreaterThanOrEqual(programs.length - gone);
      // On a busy machine looks come late; without a look at once it would be none.
      expect(known.length).toBeGreaterThanOrEqual(programs.length / 2);
      expect(gone).toBeLessThanOrEqual(births.born / 3);
      expect(trace.sources[0]!.facts).toMatchObject({ recorder: { births, tracingNs: expect.any(Object) } });
      expect(tracingCpuNs.low).toBeGreaterThan(0);
      expect(tracingCpuNs.high).toBeLessThan(seconds * 1e9);
    });
  },
);
