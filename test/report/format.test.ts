import { describe, expect, it } from 'vitest';
import {
  formatAddress,
  formatBytes,
  formatExactBytes,
  formatNs,
  formatShare,
  formatTime,
  formatTimes,
  listed,
  middleCut,
} from '../../src/report/format.js';
import { h, visible } from '../../src/report/render/escape.js';

const plain = (text: string): string => text.replaceAll('\u00a0', ' ');

describe('numbers for people', () => {
  it('takes the unit that reads best', () => {
    const durations = [0, 1, 999, 1000, 1_250_000, 46_650_000_000, 119e9, 180e9, -1500];
    expect(durations.map(formatNs).map(plain)).toEqual([
      '0 ns',
      '1 ns',
      '999 ns',
      '1 µs',
      '1.25 ms',
      '46.6 s',
      '119 s',
      '3 min',
      '−1.5 µs',
    ]);
    expect([0, 512, 4096, 196_608, 1_572_864].map(formatBytes).map(plain)).toEqual([
      '0 B',
      '512 B',
      '4 KiB',
      '192 KiB',
      '1.5 MiB',
    ]);
  });

  it('keeps offsets exact', () => {
    expect([0, 4097, 65_536, 1_572_864, 2 ** 30].map(formatExactBytes).map(plain)).toEqual([
      '0 B',
      '4,097 B',
      '64 KiB',
      '1.5 MiB',
      '1 GiB',
    ]);
    expect([formatAddress(0x1f000), formatAddress(-1)]).toEqual(['0x1f000', 'no address']);
    expect(plain(formatTime(512_310_120))).toBe('0.512310 s');
  });

  it('never rounds a share to all or to none', () => {
    expect([0, 1, 0.5, 0.99921, 0.999999, 0.00001].map(formatShare).map(plain)).toEqual([
      '0 %',
      '100 %',
      '50 %',
      '99.92 %',
      '>99.99 %',
      '<0.01 %',
    ]);
    expect([formatTimes(1.44), formatTimes(10251.3)]).toEqual(['×1.44', '×10,251']);
  });

  it('lists in words', () => {
    expect([listed([]), listed(['a']), listed(['a', 'b']), listed(['a', 'b', 'c'])]).toEqual([
      '',
      'a',
      'a and b',
      'a, b and c',
    ]);
  });
});

describe('text of a trace', () => {
  it('keeps both ends of a long name and no half characters', () => {
    expect(middleCut('/mnt/very/long/path/to/a/file.db', 15)).toBe('/mnt/ve…file.db');
    expect(middleCut('😀'.repeat(40), 10)).not.toMatch(
      /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/,
    );
  });

  it('shows what cannot be seen', () => {
    expect(visible('a\u202eb\u0000c\td')).toBe('a[U+202E]b[U+0000]c d');
    expect(visible('Größe 名前 😀')).toBe('Größe 名前 😀');
  });

  it('escapes everything but its own markup', () => {
    expect(h`<p title="${'"\'`&'}">${['<', h`<b>${1}</b>`, null]}</p>`.source).toBe(
      '<p title="&quot;&#39;&#96;&amp;">&lt;<b>1</b></p>',
    );
  });
});
