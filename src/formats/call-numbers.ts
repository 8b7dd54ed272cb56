// Numbers of the calls that assembly reads, and of those that put another program or nothing in their caller's place.
// Sources: arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h of Linux 6.18; asm/unistd_64.h of powerpc and
// s390 as Linux 6.1 installs it.

const X86_64 = `
  read:0 write:1 open:2 close:3 lseek:8 mmap:9 munmap:11 ioctl:16 pread64:17 pwrite64:18 readv:19 writev:20
  mremap:25 msync:26 madvise:28 dup:32 dup2:33 sendfile64:40 setsockopt:54 execve:59 exit:60 kill:62 fcntl:72 fsync:74
  fdatasync:75 truncate:76 ftruncate:77 rename:82 rmdir:84 creat:85 link:86 unlink:87 fchmod:91 fchown:93 mlock:149
  swapon:167 swapoff:168 io_submit:209 exit_group:231 openat:257 unlinkat:263 renameat:264 linkat:265
  splice:275 sync_file_range:277 vmsplice:278 fallocate:285 dup3:292 preadv:295 pwritev:296 renameat2:316 execveat:322
  copy_file_range:326 preadv2:327 pwritev2:328 io_uring_setup:425 io_uring_enter:426 io_uring_register:427
  close_range:436 openat2:437
`;

const GENERIC = `
  io_submit:2 dup:23 dup3:24 fcntl:25 ioctl:29 unlinkat:35 linkat:37 renameat:38 truncate:45 ftruncate:46
  fallocate:47 fchmod:52 fchown:55 openat:56 close:57 lseek:62 read:63 write:64 readv:65 writev:66 pread64:67
  pwrite64:68 preadv:69 pwritev:70 sendfile64:71 vmsplice:75 splice:76 fsync:82 fdatasync:83 sync_file_range:84 exit:93 exit_group:94
  kill:129 setsockopt:208 munmap:215 mremap:216 execve:221 mmap:222 swapon:224 swapoff:225 msync:227 mlock:228
  madvise:233 renameat2:276 execveat:281 copy_file_range:285 preadv2:286 pwritev2:287 io_uring_setup:425
  io_uring_enter:426 io_uring_register:427 close_range:436 openat2:437
`;

/** Those of 32-bit x86, which others began with. */
const EARLY = `
  exit:1 read:3 write:4 open:5 close:6 creat:8 link:9 unlink:10 execve:11 lseek:19 kill:37 rename:38 rmdir:40 dup:41 ioctl:54
  fcntl:55 dup2:63 swapon:87 munmap:91 truncate:92 ftruncate:93 fchmod:94 swapoff:115 fsync:118 msync:144 readv:145
  writev:146 fdatasync:148 mlock:150 mremap:163 io_uring_setup:425 io_uring_enter:426 io_uring_register:427 close_range:436
  openat2:437
`;

/** sync_file_range has its flags second. */
const POWERPC = `${EARLY}
  mmap:90 fchown:95 pread64:179 pwrite64:180 sendfile64:186 madvise:205 io_submit:230 exit_group:234 splice:283 vmsplice:285
  openat:286 unlinkat:292 renameat:293 linkat:294 fallocate:309 dup3:316 preadv:320 pwritev:321 setsockopt:339 renameat2:357
  execveat:362 copy_file_range:379 preadv2:380 pwritev2:381
`;

/** What mmap is asked for stands behind a pointer. */
const S390 = `${EARLY}
  pread64:180 pwrite64:181 sendfile64:187 fchown:207 madvise:219 io_submit:246 exit_group:248 openat:288 unlinkat:294
  renameat:295 linkat:296 splice:306 sync_file_range:307 vmsplice:309 fallocate:314 dup3:326 preadv:328 pwritev:329
  renameat2:347 execveat:354 setsockopt:366 copy_file_range:375 preadv2:376 pwritev2:377
`;

export interface CallNumbers {
  readonly title: string;
  /** The return of an exec bears the number that its call has in the program that begins: it tells of what kind that is. */
  readonly execTells: boolean;
  readonly names: ReadonlyMap<number, string>;
}

const numbers = (table: string): CallNumbers['names'] =>
  new Map(
    table
      .trim()
      .split(/\s+/)
      .map((pair) => pair.split(':') as [string, string])
      .map(([name, number]) => [Number(number), name]),
  );

const X86: CallNumbers = { title: 'x86-64', execTells: true, names: numbers(X86_64) };
const POWER: CallNumbers = { title: 'powerpc', execTells: false, names: numbers(POWERPC) };
const Z: CallNumbers = { title: 's390x', execTells: false, names: numbers(S390) };
const LATER: CallNumbers = { title: 'arm64 and riscv', execTells: false, names: numbers(GENERIC) };

/** By what `uname -m` says. */
export const CALL_NUMBERS: Readonly<Record<string, CallNumbers>> = {
  x86_64: X86,
  aarch64: LATER,
  aarch64_be: LATER,
  arm64: LATER,
  riscv64: LATER,
  loongarch64: LATER,
  ppc64le: POWER,
  ppc64: POWER,
  s390x: Z,
};

const HIGH = 2 ** 32;
const MOST_FD = 4096;
const AT_FDCWD = 0xffffff9c;
const isFd = (value: number): boolean => value >= 0 && value < MOST_FD;
const isPointer = (value: number): boolean => value >= HIGH;

const isTransfer = ([fd, buffer, count]: Float64Array): boolean =>
  isFd(fd!) && isPointer(buffer!) && count! > 0 && count! < HIGH / 2;
const isOpenAt = ([fd, path, flags]: Float64Array): boolean =>
  (isFd(fd!) || fd === AT_FDCWD || fd === AT_FDCWD - HIGH) && isPointer(path!) && flags! >= 0 && flags! < 2 ** 24;
const isMmap = ([, length, protection, flags]: Float64Array): boolean =>
  length! > 0 &&
  length! < 2 ** 46 &&
  protection! >= 0 &&
  protection! < 16 &&
  [1, 2, 3].includes(flags! & 15) &&
  flags! < 2 ** 24;

const isExec = ([path, words, environment]: Float64Array): boolean =>
  isPointer(path!) && isPointer(words!) && isPointer(environment!);

/**
 * Calls that nearly every program makes, under numbers that no other architecture gives to a call whose arguments could look
 * alike: 56 is `clone` on x86-64, whose first argument is larger; 63, 64 and 67 take no second pointer there, 221 no first; 59 is
 * `pipe2` elsewhere.
 */
const SIGNS: readonly (readonly [CallNumbers, ReadonlySet<number>, (args: Float64Array) => boolean])[] = [
  [X86, new Set([0, 1, 17, 18]), isTransfer],
  [X86, new Set([257]), isOpenAt],
  [X86, new Set([9]), isMmap],
  [X86, new Set([59]), isExec],
  [LATER, new Set([63, 64, 67, 68]), isTransfer],
  [LATER, new Set([56]), isOpenAt],
  [LATER, new Set([222]), isMmap],
  [LATER, new Set([221]), isExec],
];

/** The table that a call speaks for by its number and its arguments; undefined where it could be of several. */
export const numbersBy = (id: number, args: Float64Array): CallNumbers | undefined =>
  SIGNS.find(([, ids, fits]) => ids.has(id) && fits(args))?.[0];
