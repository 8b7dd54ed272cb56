// XFS and iomap as they printed their events until Linux 5.14: `offset` for `pos`, `lblk` for `fileoff`, some of the numbers in decimal.
import { expect, test } from 'vitest';
import { Assembler } from '../../src/assembly/assembler.js';
import { ftraceText } from '../../src/formats/ftrace-text.js';
import { PayloadDecoder } from '../../src/formats/payload.js';
import { TraceBuilder } from '../../src/trace/builder.js';
import { bundledFile, facts, readFormat } from '../support/read-format.js';

/** As `%lld`. */
const decimal = (hex: string): string => String(BigInt.asIntN(64, BigInt(hex)));

/** The forms of fs/xfs/xfs_trace.h and fs/iomap/trace.h, today's and those of Linux 5.14. */
const FORMS: readonly (readonly [events: string, today: RegExp, older: (...words: string[]) => string])[] = [
  [
    'file_',
    / disize (\w+) pos (\w+) bytecount (\w+)/,
    (_, size, pos, count) => ` size ${size} offset ${pos} count ${count}`,
  ],
  [
    'unwritten_convert|end_io_direct_write|zero_eof|reflink_(unshare|end_cow|cancel_cow_range):',
    / pos (\w+) bytecount (\w+)/,
    (_, pos, count) => ` offset ${pos} count ${decimal(count!)}`,
  ],
  [
    'iomap_|map_blocks_',
    / disize (\w+) pos (\w+) bytecount (\w+) (.*) startblock (\w+) fsbcount/,
    (_, size, pos, count, fork, block) =>
      ` size ${size} offset ${pos} count ${decimal(count!)} ${fork} startblock ${decimal(block!)} blockcount`,
  ],
  [
    'iext_|bmap_p',
    / fileoff (\w+) startblock (\w+) fsbcount (\w+)/,
    (_, ...words) => ` offset ${decimal(words[0]!)} block ${decimal(words[1]!)} count ${decimal(words[2]!)}`,
  ],
  [
    'bunmap:',
    / disize (\w+) fileoff (\w+) fsbcount (\w+) flags/,
    (_, size, block, count) => ` size ${size} bno ${block} len ${count}flags `,
  ],
  [
    'iomap_iter_',
    /_iter_(.*) addr (\w+) offset (\w+) length (\w+) type (\w+) .* flags (\S*) .*/,
    (_, map, address, ...words) =>
      `_apply_${map} addr ${decimal(address!)} offset ${decimal(words[0]!)} length ${decimal(words[1]!)} type ${words[2]} flags ${words[3]}`,
  ],
  ['itruncate_', / disize /, () => ' size '],
  [
    'reflink_remap_range:',
    / bytecount (\w+) (.*) pos (\w+) (.*) pos /,
    (_, count, from, pos, to) => ` count ${decimal(count!)} ${from} offset ${pos} ${to} offset `,
  ],
  [
    'reflink_(remap_extent|trim|cow|cancel_cow:)',
    / fileoff (\w+) fsbcount (\w+) startblock (\w+)/,
    (_, block, count, start) => ` lblk ${block} len ${count} pblk ${BigInt(start!)}`,
  ],
  ['iunlink', / agno (\w+) agino (\w+)/, (_, group, inode) => ` agno ${decimal(group!)} agino ${decimal(inode!)}`],
];

/** Numbers beyond 2^53, which stand for none, are not exact, and may be signed. */
const magnitude = (value: number): string => (value < 0 ? value + 2 ** 64 : value).toPrecision(12);

/** What is read of each line's fields. */
function decoded(text: string): unknown[] {
  const { kernel } = new TraceBuilder((sink) => new Assembler(sink)).startSource('t', 'ftrace', 0);
  const decoder = new PayloadDecoder(kernel);
  return Array.from(text.matchAll(/: (xfs_\w+|iomap_\w+): +(.*)$/gm), ([, name, payload]) => {
    const code = kernel.catalogue.code(name!);
    if (code < 0) return 'not known';
    const bytes = new TextEncoder().encode(payload);
    decoder.decode(code, bytes, 0, bytes.length);
    return [decoder.missing, ...Array.from(decoder.record.v, magnitude)];
  });
}

test.each(['xfs-movers', 'xfs-1k-movers', 'xfs-swap', 'xfs-kill'])('%s in the words of Linux 5.14', async (name) => {
  const today = new TextDecoder().decode(bundledFile(`ftrace/${name}.report.txt.gz`));
  const older = FORMS.reduce((text, [events, form, words]) => {
    const line = new RegExp(`^.* (xfs_)?(${events}).*$`, 'gm');
    return text.replace(line, (whole) => whole.replace(form, words));
  }, today);
  expect(older.match(/ xfs_(?!bmap_defer|extent_free|reflink_remap_blocks).* (fsbcount|bytecount) /g)).toBeNull();
  const fields = decoded(today);
  expect(decoded(older).findIndex((line, i) => JSON.stringify(line) !== JSON.stringify(fields[i]))).toBe(-1);
  const { trace } = await readFormat(ftraceText, older);
  const expected = await readFormat(ftraceText, today);
  expect(facts(trace)).toEqual(facts(expected.trace));
  expect(trace.issues).toEqual(expected.trace.issues);
});
