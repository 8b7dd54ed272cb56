import { describe, expect, test } from 'vitest';
import { recording, type Said, scratch, sealtrace } from './support.js';

const { path } = scratch();
const RUN = path('kill.sealrun');
const KILL = recording('xfs-kill');

type Lane = { policy: string; verdicts: { deny: number }; latency: Record<string, { p99Ns: number }> };
const made = sealtrace(['replay', KILL, '--policy', 'dax,ondisk', '-o', RUN, '-q']);
const lanes = async (): Promise<readonly Lane[]> => {
  expect((await made).code).toBe(0);
  const { out } = await sealtrace(['replay', KILL, '--policy', 'dax,ondisk', '--json', '-q']);
  return (JSON.parse(out) as { lanes: Lane[] }).lanes;
};
const check = async (...args: string[]): Promise<Said> => {
  await made;
  return sealtrace(['check', RUN, ...args.flatMap((arg) => (arg.startsWith('--') ? [arg] : ['--fail-on', arg]))]);
};

describe('check', () => {
  test('the very figures of replay --json decide', async () => {
    const ondisk = (await lanes()).find(({ policy }) => policy === 'ondisk')!;
    const { deny } = ondisk.verdicts;
    expect(deny).toBeGreaterThan(0);
    expect(await check(`ondisk.denied > ${deny}`)).toMatchObject({
      code: 0,
      err: expect.not.stringContaining('failed'),
    });
    expect(await check(`ondisk.denied>${deny - 1}`)).toMatchObject({ code: 1, out: '' });
    expect((await check(`ondisk.verdicts.deny == ${deny}`)).err).toContain(`failed: ondisk.verdicts.deny == ${deny}`);
    const [op, { p99Ns }] = Object.entries(ondisk.latency)[0]!;
    expect((await check(`ondisk.p99.${op} > ${p99Ns - 1}ns`)).code).toBe(1);
    expect((await check(`ondisk.p99.${op} > ${p99Ns}ns`)).code).toBe(0);
    expect((await check(`ondisk.latency.${op}.p99Ns >= ${p99Ns}`)).code).toBe(1);
  });

  test('one of several is enough, and each is told', async () => {
    const { code, err } = await check('dax.operations < 1', 'dax.operations > 1', 'ondisk.operations > 2');
    expect(code).toBe(1);
    expect(err).toContain('failed: dax.operations > 1');
    expect(err).toContain('failed: ondisk.operations > 2');
    expect(err).not.toContain('failed: dax.operations < 1');
  });

  test('relative to a baseline', async () => {
    await made;
    const against = ['check', RUN, '--baseline', RUN, '--json', '--fail-on'];
    expect((await sealtrace([...against, 'ondisk.denied > 1x'])).code).toBe(0);
    const { code, out } = await sealtrace([...against, 'ondisk.denied > 0.5x']);
    expect(code).toBe(1);
    const { checks, passed } = JSON.parse(out) as {
      checks: { value: number; limit: number; baseline: number }[];
      passed: boolean;
    };
    expect(passed).toBe(false);
    expect(checks[0]!.baseline).toBe(checks[0]!.value);
    expect(checks[0]!.limit).toBe(checks[0]!.value / 2);
  });

  test('what did not come up is 0; what cannot be judged is not passed', async () => {
    expect((await check('dax.denied.EXDEV > 0', 'dax.byOp.collapse.deny > 0')).code).toBe(0);
    const untimed = await check('dax.p99.layout_get > 5ms');
    expect(untimed).toMatchObject({ code: 2, err: expect.stringContaining('has no layout_get that was timed') });
    expect((await check('dax.dennied > 0')).err).toContain('dax in kill.sealrun has no figure "dennied"');
    expect((await check('dax.constructor > 0')).code).toBe(2);
    expect((await check('daxx.denied > 0')).err).toContain('did you mean "dax"');
    expect((await check('dax.denied > 5ms')).err).toContain('is a count');
    expect((await check('dax.denied > 1.1x')).err).toContain('--baseline');
    expect((await check('dax.denied')).err).toContain('expected POLICY.FIGURE > VALUE');
    expect((await check()).err).toContain('check needs what to fail on');
    expect((await sealtrace(['check', KILL, '--fail-on', 'dax.denied > 0'])).err).toContain('expected a run file');
  });
});
