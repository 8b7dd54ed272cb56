// The switches of seal-semantics section 8: which cells and fields each changes, and no others.
import { describe, expect, test } from 'vitest';
import { UserError } from '../../src/model/issue.js';
import { CASES, type CaseName, ERRNO, HOLDS, type HoldName } from '../../src/model/policy.js';
import * as registry from '../../src/policies/index.js';
import { setting, switches, validateSettings } from '../../src/policies/switches.js';
import { compiled, maskOf, policyOf } from '../support/compiled.js';
import { type Actor, code, type Outcome } from '../support/decision-table.js';

const defaults = validateSettings({});
const NAMES = Object.values(registry).map(({ name }) => name);

/** Cells that a setting changes, as `case/holds`, with the outcome before and after. */
function changes(name: string, pairs: Record<string, string>, actor: Actor = 'other'): string[] {
  const [before, after] = [policyOf(name), policyOf(name, pairs)];
  const found: string[] = [];
  for (const one of CASES) {
    for (const hold of [null, ...HOLDS]) {
      const mask = hold === null ? 0 : maskOf([hold]);
      const [from, to] = [compiled(before, actor, one, mask), compiled(after, actor, one, mask)];
      if (from.verdict !== to.verdict || from.errno !== to.errno)
        found.push(`${one}/${hold ?? 'none'} ${from.verdict}>${to.verdict}`);
    }
  }
  return found;
}

/** Policies that a setting changes, in cells, fields or words. */
const touched = (pairs: Record<string, string>): string[] =>
  NAMES.filter((name) => {
    const { behaviour: before, ...one } = policyOf(name);
    const { behaviour: after, ...other } = policyOf(name, pairs);
    return JSON.stringify(one) !== JSON.stringify(other);
  }).sort();

describe('switches', () => {
  test('the list is that of section 8, and what two notes and two series add', () => {
    expect(Object.fromEntries(switches.map(({ key, values }) => [key, String(values)]))).toEqual({
      era: 'modern,2017',
      mapdirect: 'seed,v4,v5,v6',
      mapdirect_scope: 'file,range',
      pins_extend_seal: 'false,true',
      mapdirect_lease: 'v8,v9,v7',
      privileged: 'yes,no',
      'ondisk.version': 'v3,v2,v1',
      'ondisk.unlink': 'eperm,ok',
      seal_sync: 'true,false',
      seal_fills: 'true,false',
      unwritten_is_map_change: 'true,false',
      'lease.inplace_write_breaks': 'default,true,false',
      'layout-user.write': 'draft,xfsrfc',
      'layout-user.lease': 'exclusive,breakable',
      lease_break_time_s: 'seconds',
      lease_until_last_pin: 'true,false',
      'pnfs.block_fence_helper': 'true,false',
      'famfs.past_eof': 'efbig,short',
      on_refused_pin: 'abort,odp,bounce',
      zap_scope: 'file,range',
      dax_wait: 'wakes,until-signal',
      coherence: 'hardware,software',
      fs: 'xfs,ext4',
    });
  });

  test.each([
    [{ era: '2017' }, 'dax longterm-refused mapsync pagecache virtiofs-dax'],
    [{ mapdirect: 'v4' }, ''],
    [{ mapdirect: 'v5' }, ''],
    [{ mapdirect: 'v4', privileged: 'no' }, 'layout-user mapdirect-lease ondisk swap'],
    [{ mapdirect: 'v6', privileged: 'no' }, 'layout-user mapdirect mapdirect-lease ondisk swap'],
    [{ mapdirect_scope: 'range' }, 'mapdirect'],
    [{ pins_extend_seal: 'true' }, 'mapdirect mapdirect-lease'],
    [{ mapdirect_lease: 'v7' }, 'mapdirect-lease'],
    [{ 'ondisk.version': 'v2' }, ''],
    [{ 'ondisk.version': 'v1' }, 'ondisk'],
    [{ 'ondisk.unlink': 'ok' }, 'ondisk'],
    [{ seal_sync: 'false' }, 'ondisk'],
    [{ seal_fills: 'false' }, 'ondisk'],
    [{ unwritten_is_map_change: 'false' }, 'mapdirect mapdirect-lease ondisk'],
    [{ 'lease.inplace_write_breaks': 'true' }, 'layout-user'],
    [{ 'lease.inplace_write_breaks': 'false' }, 'mapdirect-lease pnfs-layout'],
    [{ 'layout-user.write': 'xfsrfc' }, 'layout-user'],
    [{ 'layout-user.lease': 'breakable' }, 'layout-user'],
    [{ lease_break_time_s: '10' }, 'mapdirect-lease'],
    [{ lease_until_last_pin: 'false' }, 'layout-user'],
    [{ 'pnfs.block_fence_helper': 'false' }, 'pnfs-layout'],
    [{ 'famfs.past_eof': 'short' }, 'famfs'],
    // Also what each of them has for a device on demand.
    [
      { fs: 'ext4' },
      NAMES.filter((name) => name !== 'recorded')
        .sort()
        .join(' '),
    ],
  ])('%o changes these policies and no others: %s', (pairs, names) => {
    expect(touched(pairs as Record<string, string>).join(' ')).toBe(names);
  });

  test('what concerns every policy is a field of every policy', () => {
    const asked = {
      ...{ zap_scope: 'range', dax_wait: 'until-signal', fs: 'ext4' },
      ...{ on_refused_pin: 'odp', coherence: 'software', lease_break_time_s: '2' },
    };
    for (const name of NAMES) {
      const usual = {
        // The guest of virtiofs keeps no I/O lock while it waits: that is the host's.
        ...{ zapScope: 'file', waitEnds: 'release', waitKeepsLock: name !== 'virtiofs-dax' },
        ...{ onRefusedPin: 'abort', coherence: 'hardware', leaseBreakNs: 45e9 },
      };
      expect(policyOf(name).behaviour, name).toEqual(usual);
      const other = {
        ...{ zapScope: 'range', waitEnds: 'signal', waitKeepsLock: false },
        // What the page cache holds is memory of the host.
        ...{ onRefusedPin: 'odp', coherence: name === 'pagecache' ? 'hardware' : 'software', leaseBreakNs: 2e9 },
      };
      expect(policyOf(name, asked).behaviour, name).toEqual(other);
    }
  });

  test('fields that the engine reads', () => {
    expect(policyOf('mapdirect', { mapdirect_scope: 'range' }).reach).toBe('range');
    expect(policyOf('mapdirect', { mapdirect: 'v5', privileged: 'no' }).seal!.refusals.at(-1)).toEqual({
      when: 'unprivileged',
      errno: 'EACCES',
    });
    const extended = (name: string, pairs: Record<string, string>) => policyOf(name, pairs).seal!.untilLastPin;
    expect([extended('mapdirect', {}), extended('mapdirect', { pins_extend_seal: 'true' })]).toEqual([false, true]);
    expect([extended('layout-user', {}), extended('layout-user', { lease_until_last_pin: 'false' })]).toEqual([
      true,
      false,
    ]);
    expect(policyOf('ondisk', { 'ondisk.version': 'v1' }).shortWrites).toBe('inside');
    expect(policyOf('famfs', { 'famfs.past_eof': 'short' }).shortWrites).toBe('nothing');
    expect(policyOf('ondisk', { seal_fills: 'false' }).seal!.prepares).toBe(false);
    expect(policyOf('ondisk', { seal_sync: 'false' }).seal!.synced).toBe(false);
    const device = (helper: string) => policyOf('pnfs-layout', { 'pnfs.block_fence_helper': helper }).breaks!.device;
    expect([device('true'), device('false')]).toEqual(['at_limit', 'never']);
    expect(policyOf('pnfs-layout').breaks).toMatchObject({ limitNs: 180e9, pollNs: 10e6 });
  });

  test('unwritten_is_map_change=false: a first write is one to a written block', () => {
    const first = { unwritten_is_map_change: 'false' };
    expect(changes('ondisk', first)).toEqual([
      'write_unwritten/seal deny>proceed',
      'write_fault_unwritten/seal deny>proceed',
    ]);
    expect(changes('mapdirect-lease', first)).toEqual(['write_fault_unwritten/lease deny>proceed']);
  });

  test('layout-user.lease=breakable: what an exclusive lease refuses breaks the other kind, and the holder may (section 4.2)', () => {
    const policy = policyOf('layout-user', { 'layout-user.lease': 'breakable', lease_break_time_s: '7' });
    const exclusive = policyOf('layout-user');
    const [none, lease, layout, both] = [[], ['lease'], ['layout'], ['lease', 'layout']].map((holds) =>
      maskOf(holds as HoldName[]),
    ) as [number, number, number, number];
    const ok = { verdict: 'proceed', errno: 0 } as const;
    const recall = { verdict: 'recall', errno: 0 } as const;
    // Faults cannot wait: they fill holes, and copy shared blocks away from under a pin. A pin for good is another row's.
    const own: Partial<Record<CaseName, Outcome>> = { write_fault_hole: ok, write_fault_shared: ok };
    for (const one of CASES) {
      const [others, holder] = (['other', 'holder'] as const).map((actor) => compiled(exclusive, actor, one, lease));
      const isRefused = others!.errno === ERRNO.ETXTBSY;
      const broken = own[one] ?? (isRefused ? recall : others!);
      expect(compiled(policy, 'other', one, layout), one).toEqual(broken);
      expect(compiled(policy, 'holder', one, layout), `${one}, holder`).toEqual(isRefused ? ok : broken);
      // Without a lease, and with an exclusive one, as ever; beside a breakable one an exclusive one refuses.
      expect(compiled(policy, 'other', one, none), one).toEqual(compiled(exclusive, 'other', one, none));
      expect(compiled(policy, 'other', one, both), one).toEqual(others);
      expect(compiled(policy, 'holder', one, lease), one).toEqual(holder);
    }
    expect(policy.breaks).toMatchObject({ limitNs: 7e9, faultsBreak: false, zaps: false, device: 'never' });
    expect([policy.seal!.hold, exclusive.seal!.hold, exclusive.breaks]).toEqual(['layout', 'lease', undefined]);
    expect(policy.held.layout).toMatchObject({ truncate_down: 'B', write_written: 'ok', swapext: 'H', umount: 'BSY' });
  });

  test('in-place writes: note 1 and lease.inplace_write_breaks', () => {
    const writes = ['write_written/lease proceed>deny', 'write_unwritten/lease proceed>deny'];
    for (const actor of ['other', 'holder'] as const) {
      expect(changes('layout-user', { 'layout-user.write': 'xfsrfc' }, actor)).toEqual(writes);
      expect(changes('layout-user', { 'lease.inplace_write_breaks': 'true' }, actor)).toEqual(writes);
    }
    const policy = policyOf('layout-user', { 'layout-user.write': 'xfsrfc' });
    const errno = (actor: Actor) => compiled(policy, actor, 'write_written', maskOf(['lease'])).errno;
    expect([errno('other'), errno('holder')]).toEqual([26, 35]);
    const inPlace = { 'lease.inplace_write_breaks': 'false' };
    expect(changes('mapdirect-lease', inPlace)).toEqual(['write_written/lease recall>proceed']);
    expect(changes('pnfs-layout', inPlace)).toEqual(['write_written/layout recall>proceed']);
    expect(changes('pnfs-layout', inPlace, 'holder')).toEqual([]);
  });

  test('era=2017: dax neither waits nor refuses, page-cache pins are not refused', () => {
    const waits = CASES.filter((one) => code('DX', one) === 'W').map((one) => `${one}/pin wait>proceed`);
    expect(waits).toHaveLength(9);
    const found = changes('dax', { era: '2017' });
    expect(found.filter((one) => !one.startsWith('pin_long/'))).toEqual(waits);
    expect(found).toContain('pin_long/none deny>proceed');
    expect(found).not.toContain('pin_long/swap deny>proceed');
    expect(changes('pagecache', { era: '2017' }).every((one) => one.startsWith('pin_long/'))).toBe(true);
    expect(changes('mapsync-pin', { era: '2017' })).toEqual([]);
  });

  const ON_DEMAND = 'fallocate/ondemand revoke>proceed';

  test('fs=ext4: a plain allocation neither waits nor zaps (note 10)', () => {
    const ofTable = (name: string) => changes(name, { fs: 'ext4' }).filter((one) => one !== ON_DEMAND);
    for (const name of NAMES.filter((one) => !['recorded', 'pnfs-layout', 'famfs'].includes(one)))
      expect(changes(name, { fs: 'ext4' }), name).toContain(ON_DEMAND);
    expect(ofTable('dax')).toEqual(['fallocate/pin wait>proceed']);
    expect(ofTable('mapsync-pin')).toEqual(['fallocate/pin wait>proceed', 'fallocate/registration wait>proceed']);
    expect(ofTable('odp')).toEqual(['fallocate/registration revoke>proceed', 'fallocate/translation revoke>proceed']);
    for (const name of ['mapsync', 'longterm-refused']) expect(ofTable(name)).toEqual(['fallocate/pin wait>proceed']);
    for (const name of ['pagecache', 'ondisk', 'mapdirect', 'mapdirect-lease', 'virtiofs-dax', 'layout-user'])
      expect(ofTable(name)).toEqual([]);
    // Only XFS grants block layouts.
    expect(policyOf('pnfs-layout', { fs: 'ext4' })).toMatchObject({ seal: null, requestMask: maskOf(['swap']) });
  });

  test('ondisk.unlink=ok (note 14)', () => {
    expect(changes('ondisk', { 'ondisk.unlink': 'ok' })).toEqual([
      'unlink/seal deny>proceed',
      'rename/seal deny>proceed',
    ]);
  });

  test('lease_break_time_s, 0 for ever', () => {
    const limit = (pairs: Record<string, string>) => policyOf('mapdirect-lease', pairs).breaks!.limitNs;
    expect(limit({})).toBe(45e9);
    expect(limit({ lease_break_time_s: '0.5' })).toBe(5e8);
    expect(limit({ lease_break_time_s: '0' })).toBe(Number.POSITIVE_INFINITY);
  });

  test('defaults are filled in', () => {
    expect(validateSettings({ era: '2017' })).toEqual({ ...defaults, era: '2017' });
    expect(switches.every((one) => setting(defaults, one.key) === one.fallback)).toBe(true);
  });

  const KEYS = switches.map(({ key }) => key).join(', ');
  test.each([
    [{ eras: '2017' }, `unknown setting "eras"; expected one of ${KEYS}`],
    [{ toString: 'x' }, `unknown setting "toString"; expected one of ${KEYS}`],
    [{ era: '2018' }, 'setting "era" is "2018"; expected modern or 2017 (default modern)'],
    [{ mapdirect: 'v7' }, 'setting "mapdirect" is "v7"; expected seed or v4 or v5 or v6 (default seed)'],
    [
      { lease_break_time_s: '-1' },
      'setting "lease_break_time_s" is "-1"; expected seconds from 0 to 9000000 (default 45)',
    ],
    [{ lease_break_time_s: '' }, 'setting "lease_break_time_s" is ""; expected seconds from 0 to 9000000 (default 45)'],
    [
      { lease_break_time_s: '9000001' },
      'setting "lease_break_time_s" is "9000001"; expected seconds from 0 to 9000000 (default 45)',
    ],
  ])('%o is refused in words', (pairs, message) => {
    expect(() => validateSettings(pairs as Record<string, string>)).toThrow(new UserError(message));
  });
});
