// The compiled tables against the decision table of seal-semantics section 3, read naively from a copy of its rows.
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { Flag, OPS } from '../../src/model/events.js';
import { CASES, type CaseName, ERRNO, HOLDS, type HoldName, MASKS, type PolicySpec } from '../../src/model/policy.js';
import { definePolicy } from '../../src/policies/define.js';
import * as registry from '../../src/policies/index.js';
import { validateSettings } from '../../src/policies/switches.js';
import { compiled, maskOf, policyOf, stronger } from '../support/compiled.js';
import {
  type Actor,
  body,
  CODES,
  codeFor,
  EXCEPTIONS,
  GRANTED,
  head,
  OK,
  type Outcome,
  outcome,
  READINGS,
  ROWS,
  SPOILED,
  text,
} from '../support/decision-table.js';

const defaults = validateSettings({});
const entries = Object.values(registry);

test('the copy has all rows and columns of the page', () => {
  expect(head).toEqual(['operation', ...'PC DX SY PI OD MD ML NF LU OP SW LT ST VF FA'.split(' ')]);
  expect(body.map((row) => row[0])).toEqual(CASES.map((name) => ROWS[name]));
  expect(new Set(body.map((row) => row.length))).toEqual(new Set([16]));
  // Notes and columns nobody implements yet are part of the page too: change the copy on purpose only.
  expect(createHash('sha256').update(text).digest('hex')).toBe(
    '361113047a6a5050b0e7121e5679b5fe611904b9532083aa5e002262fa031a44',
  );
});

test('every registered policy is checked here, repeats the recording or knows the future', () => {
  const others = ['recorded', 'oracle'];
  expect(entries.map((entry) => entry.name).sort()).toEqual([...READINGS.map((one) => one.policy), ...others].sort());
});

test('entry and policy carry the same name, title and a source', () => {
  for (const entry of entries) {
    const policy = entry.build(defaults);
    expect([policy.name, policy.title]).toEqual([entry.name, entry.title]);
    expect(policy.cites.every((cite) => cite.length > 5)).toBe(true);
    expect(entry.build({})).toEqual(policy);
  }
});

test('every exception is about a cell that is in the table', () => {
  for (const one of EXCEPTIONS) {
    const column = body.map((row) => row[head.indexOf(one.column)]!.replaceAll('*', ''));
    expect(column, `${one.column} ${one.cell}`).toContain(one.cell);
  }
});

describe.each(READINGS)('$policy is column $column', ({ policy: name, column, holds, unheld }) => {
  const policy = policyOf(name);
  const bare = (one: CaseName): Outcome => (unheld.includes(one) ? outcome(column, one) : OK);
  const under = (one: CaseName, hold: HoldName, actor: Actor): Outcome => {
    if (hold === 'swap') return outcome('SW', one);
    if (hold === 'ondemand') return outcome('OP', one);
    if (name === SPOILED.policy && hold === SPOILED.hold) return SPOILED.outcome(one);
    return holds.includes(hold) ? outcome(column, one, actor) : OK;
  };
  /** What everybody gets, unless a hold of the actor's own stands in its place. */
  const bareBeside = (one: CaseName, alive: readonly HoldName[], actor: Actor): Outcome => {
    const own = actor === 'holder' && GRANTED[column]?.includes(one) === true && holds.some((h) => alive.includes(h));
    return own ? OK : bare(one);
  };

  test.each(['other', 'holder'] as const)('with its own holds alive, actor %s', (actor) => {
    for (const one of CASES) {
      expect(compiled(policy, actor, one, 0), `${one}, nobody holds`).toEqual(bare(one));
      for (const hold of holds)
        expect(compiled(policy, actor, one, maskOf([hold])), `${one}, ${hold}`).toEqual(outcome(column, one, actor));
      if (holds.length > 0)
        expect(compiled(policy, actor, one, maskOf(holds)), one).toEqual(outcome(column, one, actor));
    }
  });

  test('the printed cells are those of the page, also where two mean the same', () => {
    const print = (from: string, one: CaseName, actor: Actor = 'other') =>
      codeFor(from, one, actor).replace('busy', 'BSY');
    for (const one of CASES) {
      expect(policy.unheld?.[one] ?? 'ok', `${one}, unheld`).toBe(unheld.includes(one) ? print(column, one) : 'ok');
      for (const hold of holds) expect(policy.held[hold]?.[one], `${one}, ${hold}`).toBe(print(column, one));
      expect(policy.held.swap?.[one], `${one}, swap`).toBe(print('SW', one));
      expect(policy.held.ondemand?.[one], `${one}, on demand`).toBe(print('OP', one));
    }
    const marked = name === SPOILED.policy ? [SPOILED.hold] : [];
    expect(Object.keys(policy.held).sort()).toEqual([...new Set([...holds, ...marked, 'swap', 'ondemand'])].sort());
    if (column === 'LU' || column === 'NF')
      for (const hold of holds)
        for (const one of CASES)
          expect(policy.holder?.[hold]?.[one] ?? policy.held[hold]?.[one], one).toBe(print(column, one, 'holder'));
    else expect(policy.holder, 'no policy of 2017 exempts the holder').toBeUndefined();
  });

  test.each(['other', 'holder'] as const)('an active swap file is column SW, actor %s', (actor) => {
    for (const one of CASES)
      expect(compiled(policy, actor, one, maskOf(['swap'])), one).toEqual(stronger(outcome('SW', one), bare(one)));
  });

  test.each(['other', 'holder'] as const)('every set of holds gives the strongest verdict, actor %s', (actor) => {
    for (let mask = 0; mask < MASKS; mask++) {
      for (const one of CASES) {
        const alive = (['swap', ...HOLDS] as const).filter((hold) => mask & maskOf([hold]));
        const expected = stronger(
          alive.map((hold) => under(one, hold, actor)).reduce(stronger, OK),
          bareBeside(one, alive, actor),
        );
        const got = compiled(policy, actor, one, mask);
        if (got.verdict !== expected.verdict || got.errno !== expected.errno)
          expect(got, `${one}, holds ${alive}`).toEqual(expected);
      }
    }
  });
});

test('the recorded lane decides nothing', () => {
  const policy = policyOf('recorded');
  expect(policy.recorded).toBe(true);
  for (const table of [policy.verdictOther, policy.verdictHolder, policy.errnoOther, policy.errnoHolder]) {
    expect(table.every((value) => value === 0)).toBe(true);
  }
});

test('how each policy seals', () => {
  const seal = (name: string): string => {
    const spec = policyOf(name).seal;
    if (spec === null) return 'never';
    const { hold, taken, outlives, prepares, refusals } = spec;
    const words = [`${hold} by ${taken}`, `outlives ${outlives.join(' ')}`, prepares ? 'prepares' : ''];
    return [...words, ...refusals.map(({ when, errno }) => `${when} ${errno}`)]
      .filter((word) => word !== '')
      .join(', ');
  };
  expect(Object.fromEntries(entries.map(({ name }) => [name, seal(name)]))).toEqual({
    pagecache: 'never',
    dax: 'never',
    mapsync: 'never',
    'mapsync-pin': 'registration by registration, outlives unmap',
    ondisk: 'seal by call, outlives unmap exit crash, prepares, part_of_file EINVAL, mapped EBUSY',
    mapdirect: 'mapping by mapping, outlives , private EINVAL, read_only EACCES',
    'mapdirect-lease': 'lease by mapping, outlives , private EINVAL, read_only EACCES, break_pending EAGAIN',
    'pnfs-layout': 'layout by mapping, outlives exit, reflinked EOPNOTSUPP, recall_conflict RECALLCONFLICT',
    'layout-user': 'lease by call, outlives unmap',
    odp: 'never',
    swap: 'swap by call, outlives unmap exit, hole EINVAL, reflinked EINVAL',
    'longterm-refused': 'never',
    'static-map': 'never',
    'virtiofs-dax': 'never',
    famfs: 'never',
    oracle: 'never',
    recorded: 'never',
  });
  expect(entries.filter((entry) => entry.build(defaults).devicePages).map((entry) => entry.name)).toEqual(['odp']);
});

test('operations that are another row: note 18', () => {
  const policy = policyOf('virtiofs-dax');
  const treated = OPS.flatMap((op, code) =>
    policy.insteadCase[code] === -1 ? [] : [`${op} ${policy.insteadFlags[code]} ${CASES[policy.insteadCase[code]!]}`],
  );
  expect(treated).toEqual([`fallocate ${Flag.keep_size} write_hole`, 'collapse 0 unshare', 'insert 0 unshare']);
  expect([compiled(policy, 'other', 'unshare', 0), compiled(policy, 'other', 'write_hole', maskOf(['pin']))]).toEqual([
    CODES.NSUP,
    OK,
  ]);
  for (const { name } of entries.filter((entry) => entry.name !== 'virtiofs-dax'))
    expect(policyOf(name).insteadCase.every((one) => one === -1)).toBe(true);
});

describe('definePolicy', () => {
  const breaks = { limitNs: 1, notify: 'nobody', faultsBreak: false, zaps: false, device: 'never' } as const;
  const spec: PolicySpec = { name: 'fake', title: 'Fake', cites: ['this test'], reach: 'file', held: {}, seal: null };

  test('the strongest verdict wins, whatever holds it', () => {
    const cells = ['ok', 'C?', 'C', 'I', 'B', 'W', 'TXT'] as const;
    for (const [weak, a] of cells.entries()) {
      for (const b of cells.slice(weak)) {
        const policy = definePolicy({
          ...spec,
          breaks,
          unheld: { unlink: a },
          held: { pin: { read: a, unlink: b }, seal: { read: b } },
        });
        expect(compiled(policy, 'other', 'read', maskOf(['pin', 'seal']))).toEqual(CODES[b]);
        expect(compiled(policy, 'holder', 'unlink', maskOf(['pin']))).toEqual(CODES[b]);
        expect(compiled(policy, 'other', 'unlink', 0)).toEqual(CODES[a]);
      }
    }
  });

  test('equally strong: swap, then hold order, then unheld', () => {
    const held = { pin: { read: 'EIO' }, seal: { read: 'PRM' }, swap: { read: 'TXT' } } as const;
    const policy = definePolicy({ ...spec, unheld: { read: 'INV' }, held });
    const errno = (...holds: HoldName[]) => compiled(policy, 'other', 'read', maskOf(holds)).errno;
    expect([errno(), errno('seal'), errno('pin', 'seal'), errno('pin', 'seal', 'swap')]).toEqual([
      ERRNO.EINVAL,
      ERRNO.EPERM,
      ERRNO.EIO,
      ERRNO.ETXTBSY,
    ]);
  });

  test('the holder starts from `held` and overrides single cells', () => {
    const policy = definePolicy({
      ...spec,
      held: { seal: { read: 'TXT', unlink: 'PRM' } },
      holder: { seal: { read: 'ok' }, pin: { rename: 'INV' } },
    });
    const mask = maskOf(['seal', 'pin']);
    expect([compiled(policy, 'other', 'read', mask), compiled(policy, 'holder', 'read', mask)]).toEqual([
      CODES.TXT,
      OK,
    ]);
    expect([compiled(policy, 'other', 'unlink', mask), compiled(policy, 'holder', 'unlink', mask)]).toEqual([
      CODES.PRM,
      CODES.PRM,
    ]);
    expect([compiled(policy, 'other', 'rename', mask), compiled(policy, 'holder', 'rename', mask)]).toEqual([
      OK,
      CODES.INV,
    ]);
  });

  test.each([
    ['unknown case "raed" in unheld', { unheld: { raed: 'ok' } }],
    ['unknown case "raed" in holder.seal', { holder: { seal: { raed: 'ok' } } }],
    ['unknown hold "lock" in held', { held: { lock: {} } }],
    ['unknown hold "lock" in holder', { holder: { lock: {} } }],
    ['unknown cell "NO" for read in held.pin', { held: { pin: { read: 'NO' } } }],
    ['unknown cell "undefined" for read in held.pin', { held: { pin: { read: undefined } } }],
    ['seals with unknown hold "lock"', { seal: { hold: 'lock', taken: 'call', outlives: [], prepares: false } }],
    ['recalls read in held.lease but has no break rule', { held: { lease: { read: 'B' } } }],
    [
      'break limit NaN is no time',
      { breaks: { limitNs: Number.NaN, notify: '' }, faultsBreak: false, zaps: false, device: 'never' },
    ],
    ['unknown reach "page"', { reach: 'page' }],
    ['cites no source', { cites: [] }],
    ['takes hold "lease", for which it has no cells', { requests: ['lease'] }],
    ['takes hold "layout", for which it has no cells', { outliveExit: ['layout'] }],
    ['treats unknown operation "wrte" as read', { instead: [{ op: 'wrte', as: 'read' }] }],
    ['treats write with unknown flag "fast" as read', { instead: [{ op: 'write', flag: 'fast', as: 'read' }] }],
    ['treats write as unknown case "raed"', { instead: [{ op: 'write', as: 'raed' }] }],
    ['poll 0 is no time', { breaks: { ...breaks, pollNs: 0 } }],
    ['has no title', { title: '' }],
    ['the name must be lower case', { name: 'Fake!' }],
  ])('refuses: %s', (message, wrong) => {
    expect(() => definePolicy({ ...spec, ...wrong } as unknown as PolicySpec)).toThrow(message);
  });
});
