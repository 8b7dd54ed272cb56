// Two clients and one pNFS layout (seal-semantics section 4.2): who asks while another has it recalls it, and is refused.
import { expect, test } from 'vitest';
import { type Line, pages, replayLines, written } from '../support/replay.js';

const S = 1e9;
const lane = 'pnfs-layout';
const get = (t: number, pid: number, handle: string): Line => ({
  ...{ t, op: 'layout_get', pid, path: '/f', ...pages(0, 16), handle },
});
const back = (t: number, pid: number, handle: string): Line => ({ t, op: 'layout_return', pid, handle });
const punch = (t: number): Line => ({ t, op: 'punch', pid: 30, path: '/f', ...pages(8, 2) });
const end: Line = { t: 400 * S, op: 'fsync', pid: 99, path: '/z' };

const run = async (lines: readonly Line[], sealRule = 'explicit') => {
  const replayed = await replayLines([...written('/f', 16, 100), ...lines, end], { policies: [lane], sealRule });
  const of = (line: Line): string => replayed.verdict(lane, line);
  return { of, seals: replayed.detail(lane).seals, lane: replayed.lane(lane) };
};

test('a second client is told RECALLCONFLICT, the first is asked back, and the next try succeeds', async () => {
  const [first, second, again] = [get(S, 10, 'a'), get(2 * S, 20, 'b'), get(4 * S, 20, 'c')];
  const { of, seals } = await run([first, second, back(3 * S, 10, 'a'), again]);
  expect([first, second, again].map(of)).toEqual(['proceed', 'deny RECALLCONFLICT', 'proceed']);
  expect(seals).toMatchObject([
    { fromNs: S, toNs: 3 * S, endedBy: 'release' },
    { failure: 'RECALLCONFLICT' },
    { fromNs: 4 * S, toNs: -1 },
  ]);
});

test('the recall has its limit: who does not give it back is fenced 180 s after the conflict', async () => {
  const [first, second, again] = [get(S, 10, 'a'), get(2 * S, 20, 'b'), get(183 * S, 20, 'c')];
  const { of, seals } = await run([first, second, again]);
  expect([first, second, again].map(of)).toEqual(['proceed', 'deny RECALLCONFLICT', 'proceed']);
  expect(seals[0]).toMatchObject({ toNs: 182 * S, endedBy: 'break' });
});

test('during a recall nobody gets one, not even who has it; the same client may ask twice otherwise', async () => {
  const [first, more] = [get(S, 10, 'a'), get(2 * S, 10, 'b')];
  const [change, during] = [punch(3 * S), get(4 * S, 10, 'c')];
  const { of } = await run([first, more, change, during, back(5 * S, 10, 'a'), back(5 * S, 10, 'b')]);
  expect([first, more, change, during].map(of)).toEqual(['proceed', 'proceed', 'recall', 'deny RECALLCONFLICT']);
});
