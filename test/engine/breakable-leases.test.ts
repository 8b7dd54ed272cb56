// The breakable layout lease (layout-user.lease=breakable, seal-semantics section 4.2): others break it and wait for the holder;
// at the limit the kernel removes it, and leaves the pins where they are.
import { describe, expect, test } from 'vitest';
import { type Line, pages, type ReplayOptions, replayLines, written } from '../support/replay.js';

const S = 1e9;
const lane = 'layout-user';
const file = written('/f', 16, 100);
const lease = (flags: readonly string[] = [], t = 1_000): Line => ({
  ...{ t, op: 'lease', pid: 10, path: '/f', handle: 'l', flags },
});
const back = (t: number): Line => ({ t, op: 'lease_release', pid: 10, handle: 'l' });
const pin: Line = { t: 1_500, op: 'pin', pid: 10, path: '/f', ...pages(8, 2), handle: 'p', flags: ['write'] };
const unpin = (t: number): Line => ({ t, op: 'unpin', pid: 10, handle: 'p' });
const punch = (t: number, pid = 20, more: object = {}): Line => ({
  t,
  op: 'punch',
  pid,
  path: '/f',
  ...pages(8, 2),
  ...more,
});
const end: Line = { t: 100 * S, op: 'fsync', pid: 99, path: '/z' };
const PUNCHED = ['0+8 written@100', '10+6 written@110'];

const run = async (lines: readonly Line[], settings: Record<string, string> = {}, more: ReplayOptions = {}) => {
  const replayed = await replayLines([...file, ...lines, end], {
    ...{ policies: [lane], sealRule: 'explicit', ...more },
    settings: { 'layout-user.lease': 'breakable', lease_break_time_s: '2', ...settings },
  });
  const { conflicts, seals } = replayed.detail(lane);
  return { replayed, conflicts, seals, hazards: replayed.lane(lane).hazards.count };
};

test('a change waits until the holder gives the lease back', async () => {
  const change = punch(S);
  const { replayed, conflicts, seals } = await run([lease(), change, back(1.5 * S)]);
  expect(replayed.verdict(lane, change)).toBe('recall');
  expect(conflicts[0]!.waitNs).toBe(0.5 * S);
  expect(seals).toMatchObject([{ toNs: 1.5 * S, endedBy: 'release' }]);
  expect(replayed.maps(lane, '/f', [1.5 * S - 1, 1.5 * S])).toEqual([['0+16 written@100'], PUNCHED]);
});

test('a holder that does not answer loses it at lease_break_time_s; by default that is 45 s', async () => {
  const { replayed, conflicts, seals } = await run([lease(), punch(S)]);
  expect([conflicts[0]!.waitNs, seals[0]]).toMatchObject([2 * S, { toNs: 3 * S, endedBy: 'break' }]);
  expect(replayed.map(lane, '/f', 3 * S)).toEqual(PUNCHED);
  expect((await run([lease(), punch(S)], { lease_break_time_s: '45' })).conflicts[0]!.waitNs).toBe(45 * S);
  expect((await run([lease(), punch(S)], { lease_break_time_s: '0' })).replayed.lane(lane).stillWaiting).toBe(1);
});

describe('pins that are there at the limit', () => {
  const access: Line = { t: 10 * S, op: 'dma_write', pid: 10, handle: 'p', ...pages(8, 2) };
  const lines = [lease(), pin, punch(S), access, unpin(20 * S)];

  test.each(['open', 'closed'] as const)(
    'keep it by default, and the breaker waits for the last (%s)',
    async (timing) => {
      const { conflicts, seals, hazards } = await run(lines, {}, { timing });
      expect([conflicts[0]!.waitNs, hazards]).toEqual([19 * S, 0]);
      expect(seals).toMatchObject([{ toNs: 20 * S, endedBy: 'break' }]);
    },
  );

  test('lease_until_last_pin=false: it is removed, and what the device does then is stale', async () => {
    const { conflicts, seals, hazards } = await run(lines, { lease_until_last_pin: 'false' });
    expect([conflicts[0]!.waitNs, hazards]).toEqual([2 * S, 1]);
    expect(seals).toMatchObject([{ toNs: 3 * S, endedBy: 'break' }]);
  });

  test('a pin that ends before the limit changes nothing: the lease is still to be given back', async () => {
    const { conflicts } = await run([lease(), pin, punch(S), unpin(1.2 * S), back(2.5 * S)]);
    expect(conflicts[0]!.waitNs).toBe(1.5 * S);
  });
});

test('who must not wait gets EAGAIN, and the break starts all the same', async () => {
  const impatient = punch(S, 20, { op: 'write', flags: ['nowait'], off: 20 * 4096 });
  const { replayed, seals } = await run([lease(), impatient]);
  expect(replayed.verdict(lane, impatient)).toBe('deny EAGAIN');
  expect(seals).toMatchObject([{ toNs: 3 * S, endedBy: 'break' }]);
});

test('the holder changes what it leases; in-place writes and faults of others break nothing', async () => {
  const own = punch(S, 10);
  const write: Line = { t: 1.1 * S, op: 'write', pid: 20, path: '/f', ...pages(0, 1) };
  const fault: Line = { t: 1.2 * S, op: 'write_fault', pid: 20, path: '/f', ...pages(8, 1) };
  const { replayed } = await run([lease(), own, write, fault]);
  expect([own, write, fault].map((line) => replayed.verdict(lane, line))).toEqual(['proceed', 'proceed', 'proceed']);
  const inPlace = await run([lease(), write], { 'lease.inplace_write_breaks': 'true' });
  expect(inPlace.replayed.verdict(lane, write)).toBe('recall');
});

test('a lease of the trace that says exclusive is one, and is never broken', async () => {
  const [change, own] = [punch(S), punch(2 * S, 10)];
  const { replayed, seals } = await run([lease(['exclusive']), change, own]);
  expect([replayed.verdict(lane, change), replayed.verdict(lane, own)]).toEqual(['deny ETXTBSY', 'deny EDEADLK']);
  expect(seals).toMatchObject([{ toNs: -1, endedBy: '' }]);
  // Without the switch every lease is exclusive.
  const usual = await run([lease(), change, own], { 'layout-user.lease': 'exclusive' });
  expect(usual.replayed.verdict(lane, change)).toBe('deny ETXTBSY');
});

test('no pin for good without an exclusive lease (note 17)', async () => {
  const register: Line = { t: S, op: 'register', pid: 10, path: '/f', ...pages(0, 1), handle: 'r' };
  expect((await run([lease(), register])).replayed.verdict(lane, register)).toBe('deny EPERM');
  expect((await run([lease(['exclusive']), register])).replayed.verdict(lane, register)).toBe('proceed');
});

test('the lease that a rule takes is one as well, and has the same limit', async () => {
  const lines = [pin, punch(S), unpin(50 * S)];
  const { conflicts, seals } = await run(lines, { lease_until_last_pin: 'false' }, { sealRule: 'dma' });
  expect([conflicts[0]!.waitNs, seals[0]!.toNs, seals[0]!.endedBy]).toEqual([2 * S, 3 * S, 'break']);
  const stays = await run(lines, {}, { sealRule: 'dma' });
  expect([stays.conflicts[0]!.waitNs, stays.seals[0]!.toNs]).toEqual([49 * S, 50 * S]);
});

test('it ends with its process, and who waited goes on', async () => {
  const killed: Line = { t: 1.3 * S, op: 'exit', pid: 10, flags: ['killed'] };
  const { conflicts, seals } = await run([lease(), punch(S), killed]);
  expect(conflicts[0]!.waitNs).toBe(0.3 * S);
  expect(seals).toMatchObject([{ toNs: 1.3 * S, endedBy: 'exit' }]);
});

describe('the lease belongs to a descriptor: it ends at the last close (section 5), by default not before the last pin', () => {
  const opened = (handle: string): Line => ({ t: 500, op: 'open', pid: 10, path: '/f', handle });
  const closed = (t: number, handle: string): Line => ({ t, op: 'close', pid: 10, handle });

  test.each(['exclusive', 'breakable'])('%s', async (kind) => {
    const settings = { 'layout-user.lease': kind, lease_break_time_s: '45' };
    const lines = [opened('a'), opened('b'), lease(), closed(2 * S, 'a'), closed(4 * S, 'b')];
    expect((await run(lines, settings)).seals).toMatchObject([{ toNs: 4 * S, endedBy: 'release' }]);
    const pinned = [opened('a'), lease(), pin, closed(2 * S, 'a'), unpin(6 * S)];
    expect((await run(pinned, settings)).seals).toMatchObject([{ toNs: 6 * S }]);
    const strict = { ...settings, lease_until_last_pin: 'false' };
    expect((await run(pinned, strict)).seals).toMatchObject([{ toNs: 2 * S }]);
  });

  test('another process closes its own', async () => {
    const other: Line = { ...opened('x'), pid: 11 };
    const { seals } = await run([opened('a'), other, lease(), { ...closed(2 * S, 'x'), pid: 11 }]);
    expect(seals).toMatchObject([{ toNs: -1 }]);
  });
});
