import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { STACK, scratch, sealtrace } from './support.js';

const { path, file } = scratch();

describe('synth', () => {
  test('the same arguments give the same bytes, in a bundle and in NDJSON', async () => {
    const args = ['synth', 'mixed', '--events', '4000', '--seed', '9'];
    const text = async (name: string): Promise<string> => {
      expect((await sealtrace([...args, '-o', path(name)])).code).toBe(0);
      return readFileSync(name.endsWith('.ndjson') ? path(name) : path(`${name}/events.arrow`), 'latin1');
    };
    expect(await text('a.sealtrace')).toBe(await text('b.sealtrace'));
    const lines = await text('a.ndjson');
    expect(lines).toBe((await sealtrace([...args, '-o', '-', '--format', 'ndjson'])).out);
    expect(lines).not.toBe(
      (await sealtrace([...args.slice(0, 4), '--seed', '10', '-o', '-', '--format', 'ndjson'])).out,
    );
  });

  test('a bundle and NDJSON replay alike', async () => {
    const made = await Promise.all(
      ['r.sealtrace', 'r.ndjson'].map((name) =>
        sealtrace(['synth', 'rdma-server', '--events', '5000', '-o', path(name)]),
      ),
    );
    expect(made.map(({ code }) => code)).toEqual([0, 0]);
    const lanes = async (name: string): Promise<unknown> => {
      const { out, code } = await sealtrace(['replay', path(name), '--json', '--policy', 'all', '--set', 'era=2017']);
      expect(code).toBe(0);
      return (JSON.parse(out) as { lanes: unknown }).lanes;
    };
    expect(await lanes('r.sealtrace')).toEqual(await lanes('r.ndjson'));
  });

  test('--json says what was made', async () => {
    const { out, err, code } = await sealtrace(
      ['synth', 'crashy', '--events', '3000', '--set', 'holders=4', '--json', '-o', path('j.sealtrace')],
      {},
    );
    expect(code).toBe(0);
    const { parameters, endNs, ...rest } = JSON.parse(out);
    expect(rest).toEqual({
      schema: 'sealtrace.synth/1',
      workload: 'crashy',
      seed: 1,
      output: 'j.sealtrace',
      events: 3000,
      files: 64,
      tasks: 5,
    });
    expect(parameters.holders).toBe(4);
    expect(endNs).toBeGreaterThan(0);
    expect(err).toMatch(/wrote .*j\.sealtrace: 3,000 events/);
    const inspected = JSON.parse((await sealtrace(['inspect', path('j.sealtrace'), '--json'])).out);
    expect(inspected.events.total).toBe(3000);
    expect(inspected.sources[0]).toMatchObject({ name: 'crashy', format: 'synth', clock: 'synthetic' });
  });

  test.each([
    ['an unknown workload', ['synth', 'rdma-servr'], /unknown workload "rdma-servr"; did you mean "rdma-server"\?/],
    ['no workload', ['synth'], /synth needs WORKLOAD, for example: sealtrace synth/],
    ['no output', ['synth', 'mover'], /synth needs a place to write: -o X\.sealtrace/],
    ['no events', ['synth', 'mover', '--events', '0'], /--events is "0"; expected a whole number from 1 to/],
    ['too many events', ['synth', 'mover', '--events', '9000000000'], /--events is "9000000000"/],
    [
      'a negative rate',
      ['synth', 'mover', '--set', 'rate=-1'],
      /mover: parameter "rate" is "-1"; expected a number from 0/,
    ],
    ['an unknown parameter', ['synth', 'mover', '--set', 'x=1'], /mover has no parameter "x"; expected files, runs/],
    ['no pair', ['synth', 'mover', '--set', 'rate'], /--set "rate"; expected KEY=VALUE, such as files=100/],
    [
      'too few events',
      ['synth', 'mover', '--events', '9', '-o', path('x.ndjson')],
      /--events is 9, and the files of mover/,
    ],
    ['a bundle to stdout', ['synth', 'mover', '-o', '-'], /a bundle is a folder and cannot go to stdout/],
    ['a folder that is not there', ['synth', 'mover', '-o', path('none/x.sealtrace')], /cannot write .*none/],
    ['a file in the way', ['synth', 'mover', '-o', file('plain', '')], /exists and is not a bundle/],
  ])('%s: exit 2, and what to do', async (_, args, message) => {
    const { code, out, err } = await sealtrace(args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(message);
    expect(err).not.toMatch(STACK);
  });
});

test('list workloads names every parameter with its distribution and source, and what must come out', async () => {
  const { out } = await sealtrace(['list', 'workloads']);
  for (const text of ['rdma-server', 'mixed', 'io_gap', 'Poisson arrivals', 'YCSB', 'asks about pnfs-layout'])
    expect(out).toContain(text);
  expect(out).toContain('under ondisk: hazards none, refused some (ETXTBSY)');
  const { items } = JSON.parse((await sealtrace(['list', 'workloads', '--json'])).out);
  expect(items).toHaveLength(10);
  for (const { parameters, declares } of items) expect(parameters.length * declares.length).toBeGreaterThan(0);
});
