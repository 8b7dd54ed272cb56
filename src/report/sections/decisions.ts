// The decision table that ran: for every operation case, what each policy answers while its hold is alive.
import { CASES } from '../../model/policy.js';
import type { Run, TableRow } from '../../results/types.js';
import { plural } from '../format.js';
import { cell, small, strong } from '../inline.js';
import { namer, words } from '../lanes.js';
import type { Block, Cell, Section, Tone } from '../model.js';
import type { SectionBuilder } from '../section.js';

export const decisions: SectionBuilder = {
  place: 90,
  build: (run: Run): Section | null => {
    if (run.tables.length === 0) return null;
    return {
      id: 'decisions',
      title: 'The decision table that ran',
      short: 'Decisions',
      finding:
        'What another process gets while the hold of the policy is alive; in small print, where they differ, what it gets when nobody holds anything, and after "own" what the holder itself gets.',
      blocks: [table(run), ...mixedLanes(run), { kind: 'text', tone: 'quiet', text: LEGEND }],
    };
  },
};

const LEGEND = [
  strong('ok'),
  ' at once. ',
  strong('C'),
  ' after a journal commit. ',
  strong('C?'),
  ' after a commit if the inode has uncommitted metadata. ',
  strong('W'),
  ' waits for pins. ',
  strong('B'),
  ' breaks a lease and waits. ',
  strong('I'),
  ' invalidates device translations first. ',
  strong('H'),
  ' goes ahead and leaves stale translations behind. ',
  strong('-'),
  ' cannot occur. Refusals: ',
  strong('TXT'),
  ' ETXTBSY, ',
  strong('PRM'),
  ' EPERM, ',
  strong('INV'),
  ' EINVAL, ',
  strong('FLT'),
  ' EFAULT, ',
  strong('NSUP'),
  ' EOPNOTSUPP, ',
  strong('FBG'),
  ' EFBIG, ',
  strong('EIO'),
  ' EIO, ',
  strong('BSY'),
  ' EBUSY, ',
  strong('DLK'),
  ' EDEADLOCK, ',
  strong('BUS'),
  ' SIGBUS in the faulting thread.',
] as const;

const order = new Map<string, number>(CASES.map((name, i) => [name, i]));

const table = (run: Run): Block => {
  const policies = [...new Set(run.tables.map((row) => row.policy))];
  const cases = [...new Set(run.tables.map((row) => row.operationCase))].sort(
    (a, b) => (order.get(a) ?? CASES.length) - (order.get(b) ?? CASES.length),
  );
  const rows = new Map(run.tables.map((row) => [`${row.policy}\n${row.operationCase}`, row]));
  const policy = namer(run);
  return {
    kind: 'table',
    caption: 'Operation case by policy',
    dense: true,
    shaded: true,
    columns: [
      { title: 'Operation case', head: true },
      ...policies.map((name) => ({ title: policy(name), align: 'center' as const })),
    ],
    rows: cases.map((name) => [cell(words(name)), ...policies.map((each) => decision(rows.get(`${each}\n${name}`)))]),
  };
};

/** A lane that gives each file its policy has no table of its own. */
const mixedLanes = (run: Run): readonly Block[] =>
  run.report.lanes.flatMap((lane): Block[] => {
    if (lane.rules === undefined) return [];
    const parts = lane.rules.map(({ rule, policy, files }) => `${rule}: ${policy} (${plural(files, 'file')})`);
    return [{ kind: 'text', text: [namer(run)(lane.policy), ` gives each file its policy: ${parts.join('; ')}.`] }];
  });

const TONES: Readonly<Record<string, Tone>> = {
  ok: 'quiet',
  '-': 'quiet',
  C: 'info',
  'C?': 'info',
  I: 'info',
  W: 'warn',
  B: 'warn',
  H: 'bad',
};

const decision = (row: TableRow | undefined): Cell => {
  if (row === undefined) return cell('', { tone: 'quiet' });
  const tone = TONES[row.held] ?? 'bad';
  const held = words(row.held);
  const bare = row.unheld !== row.held && row.unheld !== 'ok' ? [' ', small(row.unheld)] : [];
  const own = row.own !== undefined && row.own !== row.held ? [' ', small(`own ${row.own}`)] : [];
  return cell([held, ...bare, ...own], { tone });
};
