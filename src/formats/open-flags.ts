// Flags of open files and commands of ioctl as assembly knows them, which are those of most architectures. arm and powerpc number
// four of the flags otherwise (arch/arm64/include/uapi/asm/fcntl.h, arch/powerpc/include/uapi/asm/fcntl.h): what is O_DIRECT here is
// O_DIRECTORY there. powerpc, mips and sparc have three bits for the direction of a command (uapi/asm/ioctl.h), and 32-bit programs
// a shorter word behind some.
import { cursor, number } from '../base/digits.js';
import type { KernelEvent } from '../model/kernel-events.js';
import { CONSTANTS } from './strace-constants.js';

/** O_DIRECT, O_LARGEFILE, O_DIRECTORY, O_NOFOLLOW: bits. */
type Bits = readonly [number, number, number, number];
const USUAL: Bits = [14, 15, 16, 17];
const ARM: Bits = [16, 17, 14, 15];
const POWER: Bits = [17, 16, 14, 15];
const NONE_OF_THEM = ~USUAL.reduce((bits, bit) => bits | (1 << bit), 0);

function bitsOf(machine: string): Bits {
  if (/^(aarch64|arm)/.test(machine)) return ARM;
  return machine.startsWith('ppc') ? POWER : USUAL;
}

/** Commands that stand for nothing else elsewhere, by the number that most architectures give them. */
const COMMANDS: ReadonlyMap<number, number> = new Map([
  // FICLONE, FICLONERANGE, FS_IOC_SETFLAGS, FS_IOC_FSSETXATTR, XFS_IOC_EXCHANGE_RANGE, FIOCLEX, FIONCLEX.
  [0x80049409, 0x40049409],
  [0x8020940d, 0x4020940d],
  [0x80086602, 0x40086602],
  [0x801c5820, 0x401c5820],
  [0x80285881, 0x40285881],
  [0x20006601, 0x5451],
  [0x20006602, 0x5450],
  // FS_IOC32_SETFLAGS.
  [0x40046602, 0x40086602],
]);

/** The argument that holds such flags, or a command, by call. */
const ARGUMENTS: Readonly<Record<string, number>> = { open: 1, openat: 2, fcntl: 2, ioctl: 1 };
const COMMAND = 1;
const F_SETFL = 4;

export class OpenFlags {
  readonly #machine: () => string;
  /** By event; -1 for those without such flags. */
  readonly #arguments: Int8Array;
  readonly #fcntl: number;
  readonly #ioctl: number;
  #bits: Bits | null = null;

  /** `machine`: what the recording says of the machine (`uname -m`) by the first call; empty where it says nothing. */
  constructor(events: readonly KernelEvent[], machine: () => string) {
    this.#machine = machine;
    this.#arguments = Int8Array.from(events, ({ kind, call }) => (kind === 'enter' ? (ARGUMENTS[call] ?? -1) : -1));
    const enter = (name: string): number => events.findIndex(({ kind, call }) => kind === 'enter' && call === name);
    this.#fcntl = enter('fcntl');
    this.#ioctl = enter('ioctl');
  }

  /** `args`: of a call that begins. */
  // hot
  translate(event: number, args: Float64Array): void {
    const at = this.#arguments[event]!;
    if (at < 0) return;
    if (event === this.#ioctl) {
      args[at] = COMMANDS.get(args[at]!) ?? args[at]!;
      return;
    }
    // Told by name, which is the same on every machine.
    if (args[at]! < 0 && event !== this.#fcntl) {
      args[at] = ~args[at]!;
      return;
    }
    this.#bits ??= bitsOf(this.#machine());
    if (this.#bits === USUAL || Number.isNaN(args[at]!)) return;
    if (event === this.#fcntl && args[COMMAND] !== F_SETFL) return;
    args[at] = usual(args[at]!, this.#bits);
  }
}

function usual(flags: number, bits: Bits): number {
  let out = flags & NONE_OF_THEM;
  for (const [i, bit] of bits.entries()) if ((flags & (1 << bit)) !== 0) out |= 1 << USUAL[i]!;
  return out;
}

const text = new TextDecoder();

/** Linux 6.19 prints the flags of openat by name: `O_RDONLY|O_CLOEXEC`. */
export const isFlagName = (b: Uint8Array, at: number): boolean => b[at] === 79 && b[at + 1] === 95;

/** Their complement, which tells them from flags told as a number; bits without a name are printed in hex. */
export function namedFlags(b: Uint8Array, from: number, to: number): number {
  let flags = 0;
  let at = from;
  do {
    const word = at;
    while (at < to && isOfName(b[at]!)) at++;
    flags |= CONSTANTS.get(text.decode(b.subarray(word, at))) ?? number(b, word, at);
  } while (b[at++] === BAR && at < to);
  cursor.at = at - 1;
  return ~flags;
}
const BAR = 124;
/** Capitals, digits, `_` and `x`. */
const isOfName = (byte: number): boolean =>
  (byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 95) || (byte >= 97 && byte <= 122);
