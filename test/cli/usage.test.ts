import { describe, expect, test } from 'vitest';
import * as registry from '../../src/formats/index.js';
import { recording, STACK, scratch, sealtrace } from './support.js';

const { path, file } = scratch();
const KILL = recording('xfs-kill');

describe('wrong use: exit 2, nothing on stdout, what to do instead', () => {
  test.each([
    ['unknown command', ['inspct', KILL], /unknown command "inspct"; did you mean "inspect"\?/],
    ['unknown option', ['replay', KILL, '--polcy', 'dax'], /unknown option --polcy; did you mean "--policy"\?/],
    ['unknown short option', ['inspect', KILL, '-x'], /unknown option -x/],
    ['option of another command', ['inspect', KILL, '--seal-rule', 'dma'], /unknown option --seal-rule/],
    ['missing trace', ['inspect'], /inspect needs TRACE, for example: sealtrace inspect/],
    ['too many words', ['inspect', KILL, 'more'], /found "more" as well/],
    ['unknown policy', ['replay', KILL, '--policy', 'ondsk'], /unknown policy "ondsk"; did you mean "ondisk"\?/],
    ['policy twice', ['replay', KILL, '--policy', 'dax,dax'], /"dax" is named twice/],
    ['--set without value', ['replay', KILL, '--set', 'era'], /--set "era"; expected KEY=VALUE/],
    ['--set with unknown key', ['replay', KILL, '--set', 'eras=2017'], /unknown setting "eras"; expected one of era/],
    [
      '--set with wrong value',
      ['replay', KILL, '--set', 'era=1999'],
      /setting "era" is "1999"; expected modern or 2017/,
    ],
    ['--set twice', ['replay', KILL, '--set', 'era=2017', '--set', 'era=modern'], /--set era was given more than once/],
    [
      'a lane that is no rule',
      ['replay', KILL, '--lane', 'prod=dax'],
      /--lane "prod=dax": its rule "dax" is not FILES=POLICY/,
    ],
    ['a lane of an unknown policy', ['replay', KILL, '--lane', 'prod=*=ondsk'], /unknown policy "ondsk"; did you mean/],
    ['a lane named like a policy', ['replay', KILL, '--lane', 'dax=*=ondisk'], /"dax" is a policy or another lane/],
    [
      'two lanes of one name',
      ['replay', KILL, '--lane', 'p=*=dax', '--lane', 'p=*=swap'],
      /"p" is a policy or another lane; choose another name/,
    ],
    ['a lane that map is not asked for', ['map', KILL, '--lane', 'p=*=dax'], /map shows one lane; expected --policy p/],
    ['no number', ['replay', KILL, '--seed', 'abc'], /--seed is "abc"; expected a whole number/],
    ['negative number', ['replay', KILL, '--seed=-1'], /--seed is "-1"; expected a whole number/],
    ['no time', ['map', KILL, '--at', '5,x'], /--at is "x"; expected a whole number/],
    ['repeated scalar', ['replay', KILL, '--seed', '1', '--seed', '2'], /--seed was given 2 times \(1, 2\)/],
    ['option without value', ['replay', KILL, '--seed', '--json'], /--seed needs a value/],
    ['seal rule', ['replay', KILL, '--seal-rule', 'all'], /--seal-rule is "all"; expected dma, explicit, mapped/],
    ['unseal', ['replay', KILL, '--unseal', 'idle:soon'], /--unseal is "idle:soon"; expected never/],
    ['color', ['inspect', KILL, '--color', 'blue'], /--color is "blue"; expected auto, always or never/],
    [
      'timing',
      ['replay', KILL, '--timing', 'close'],
      /--timing is "close"; expected closed or open; did you mean "closed"/,
    ],
    [
      'on-deny',
      ['replay', KILL, '--on-deny', 'retry:often'],
      /--on-deny is "retry:often"; expected skip, unseal or retry:TIME/,
    ],
    ['threads', ['replay', KILL, '--threads', '0'], /--threads is 0; expected 1 or more/],
    ['crash-at', ['replay', KILL, '--crash-at', '5'], /--crash-at 5 is not within the trace/],
    [
      'costs of no file',
      ['replay', KILL, '--costs', 'my.json'],
      /--costs my.json: no such file and no such cost model; expected/,
    ],
    ['unknown costs', ['replay', KILL, '--costs', 'refrence'], /--costs refrence: .*; did you mean "reference"/],
    [
      'unknown renderer',
      ['report', KILL, '--to', 'pdf'],
      /--to is "pdf"; expected html, json, md, perfetto, csv or arrow/,
    ],
    ['compare with one policy', ['compare', KILL, 'dax'], /compare needs a trace and two policies/],
    ['compare with itself', ['compare', KILL, 'dax', 'dax'], /two different policies/],
    ['list of what', ['list', 'polices'], /cannot list "polices"; did you mean "policies"/],
    ['ingest without -o', ['ingest', KILL], /-o X\.sealtrace/],
    ['bundle to stdout', ['ingest', KILL, '-o', '-'], /a bundle is a folder and cannot go to stdout/],
    [
      'unknown operation',
      ['ingest', KILL, '-o', 'x.ndjson', '--op', 'truncte'],
      /unknown operation "truncte".*"truncate"/,
    ],
  ])('%s', async (_, args, message) => {
    const { code, out, err } = await sealtrace(args);
    expect(err).toMatch(message);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).not.toMatch(STACK);
  });

  test.each([
    ['a folder that is not there', () => path('none/x.html'), /its folder does not exist/],
    ['a folder', () => path('.'), /it is a folder/],
    ['below a file', () => `${file('plain', '')}/x.html`, /cannot write .*x\.html/],
  ])('unwritable output: %s', async (_, make, message) => {
    for (const args of [
      ['report', KILL, '-o', make()],
      ['replay', KILL, '-o', make()],
      ['ingest', KILL, '--format', 'ndjson', '-o', make()],
    ]) {
      const { code, err } = await sealtrace(args);
      expect(code).toBe(2);
      expect(err).toMatch(message);
      expect(err).not.toMatch(STACK);
    }
  });

  test('an unwritable bundle', async () => {
    const { code, err } = await sealtrace(['ingest', KILL, '-o', path('none/x.sealtrace')]);
    expect(code).toBe(2);
    expect(err).toMatch(/cannot write .*x\.sealtrace/);
  });

  test('-v adds where it happened', async () => {
    expect((await sealtrace(['inspect', path('nowhere'), '-v'])).err).toMatch(STACK);
  });
});

describe('help and lists', () => {
  const NAMES = ['ingest', 'inspect', 'replay', 'compare', 'report', 'check', 'map', 'synth', 'anonymize', 'list'];

  test('help names every command, and goes to stderr with exit 2 when nothing was asked', async () => {
    const asked = await sealtrace(['--help']);
    for (const name of NAMES) expect(asked.out).toMatch(new RegExp(`sealtrace ${name} `));
    expect(asked.code).toBe(0);
    const bare = await sealtrace([]);
    expect({ ...bare, err: '' }).toEqual({ code: 2, out: '', err: '' });
    expect(bare.err).toBe(asked.out);
  });

  test.each(NAMES)('%s --help has its usage and an example', async (name) => {
    const { code, out } = await sealtrace([name, '--help']);
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`^Usage: sealtrace ${name} `));
    expect(out).toMatch(new RegExp(`Examples:\\s+sealtrace ${name}|Examples:[^]*sealtrace ${name}`));
  });

  test('the table of a policy in words', async () => {
    const { out } = await sealtrace(['list', 'policies']);
    const [, lines] = /^layout-user {2}.*\n((?: {4}.*\n)+)/m.exec(out)!;
    expect(lines).toContain('    nobody holds the file: PRM pin_long\n');
    expect(lines).toMatch(/^ {4}lease held: TXT write_hole .* exchange$/m);
    expect(lines).toMatch(/^ {4}the holder itself: DLK write_hole .* exchange$/m);
    expect(lines).toContain('    the holder itself: ok pin_long\n');
    expect(lines).toContain('    seals with: lease, taken by the call, outlives unmap, not before the last pin\n');
    expect(lines).toMatch(/^ {4}layout-user\.lease=breakable: what is refused above breaks the lease instead/m);
    expect(out).toMatch(/^ {2}layout-user\.lease +exclusive \| breakable +exclusive/m);
    expect(out).toMatch(/^ {2}on_refused_pin +abort \| odp \| bounce +abort/m);
    expect(out).not.toContain('not available');
  });

  test('version', async () => {
    const { out } = await sealtrace(['--version']);
    expect(out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test('lists, for people and as JSON, each with its source', async () => {
    const listed = async (kind: string): Promise<{ items: { name: string }[]; switches?: unknown[] }> => {
      expect((await sealtrace(['list', kind])).code).toBe(0);
      return JSON.parse((await sealtrace(['list', kind, '--json'])).out) as { items: { name: string }[] };
    };
    const policies = await listed('policies');
    const ids = 'pagecache dax mapsync mapsync-pin ondisk mapdirect mapdirect-lease pnfs-layout layout-user odp swap';
    const more = 'longterm-refused static-map virtiofs-dax famfs oracle recorded';
    expect(policies.items.map(({ name }) => name)).toEqual(`${ids} ${more}`.split(' ').sort());
    for (const item of policies.items) {
      expect(Object(item).sources.length).toBeGreaterThan(0);
      expect(Object(item).table.length).toBe(item.name === 'recorded' ? 0 : 28);
    }
    expect(policies.switches?.length).toBeGreaterThan(0);
    const formats = (await listed('formats')).items.map(({ name }) => name);
    expect(formats).toHaveLength(Object.keys(registry).length);
    expect(formats).toEqual(
      expect.arrayContaining([
        'bcc',
        'blktrace',
        'csv',
        'ftrace-text',
        'ndjson',
        'parquet',
        'perf-data',
        'strace',
        'trace-dat',
      ]),
    );
    expect((await listed('costs')).items.map(({ name }) => name)).toEqual(['reference']);
    expect((await listed('workloads')).items.map(({ name }) => name)).toContain('rdma-server');
  });

  test('color only where it is wanted', async () => {
    const painted = async (args: readonly string[], env: Readonly<Record<string, string>>, terminal: boolean) =>
      (await sealtrace(['list', 'costs', ...args], { env, terminal })).out.includes('\u001b[');
    expect(await painted([], {}, true)).toBe(true);
    expect(await painted([], {}, false)).toBe(false);
    expect(await painted([], { NO_COLOR: '1' }, true)).toBe(false);
    expect(await painted(['--color', 'always'], { NO_COLOR: '1' }, false)).toBe(true);
    expect(await painted(['--color', 'never'], {}, true)).toBe(false);
  });
});

describe('configuration: flag > environment > file > default', () => {
  const printed = async (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const { out, err } = await sealtrace(['replay', KILL, '--print-config', ...args], { env });
    return { config: JSON.parse(out) as Record<string, unknown>, err };
  };

  test('each layer wins over the next', async () => {
    const config = file('config.json', '{"seal-rule": "mapped", "seed": 3, "inode": 5, "set": {"era": "2017"}}');
    expect((await printed([])).config['seal-rule']).toBe('dma');
    expect((await printed(['--config', config])).config).toMatchObject({
      'seal-rule': 'mapped',
      seed: '3',
      set: ['era=2017'],
    });
    const env = { SEALTRACE_SEAL_RULE: 'explicit', SEALTRACE_CONFIG: config };
    expect((await printed([], env)).config).toMatchObject({ 'seal-rule': 'explicit', seed: '3' });
    expect((await printed(['--seal-rule', 'files:*.db'], env)).config['seal-rule']).toBe('files:*.db');
  });

  test('what is printed can be read again', async () => {
    const { out } = await sealtrace(['replay', KILL, '--print-config', '--seed', '9', '--set', 'fs=ext4']);
    const again = await sealtrace(['replay', KILL, '--print-config', '--config', file('again.json', out)]);
    expect(again.out).toBe(out);
  });

  test('what names no option', async () => {
    expect((await printed([], { SEALTRACE_SEEL_RULE: 'x' })).err).toMatch(/SEALTRACE_SEEL_RULE names no option/);
    const { code, err } = await sealtrace(['replay', KILL, '--config', file('typo.json', '{"polcy": "dax"}')]);
    expect(code).toBe(2);
    expect(err).toMatch(/"polcy" is no option; did you mean "policy"\?/);
    const broken = await sealtrace(['replay', KILL, '--config', file('broken.json', '[1]')]);
    expect(broken.err).toMatch(/expected a JSON object/);
    expect((await sealtrace(['replay', KILL, '--config', path('no.json')])).err).toMatch(/cannot read the config file/);
  });
});
