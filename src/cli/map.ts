// `sealtrace map`: the block maps of the files as they were at some times of the trace.
import { UserError } from '../model/issue.js';
import type { Trace } from '../model/trace.js';
import { formatCount, formatExactBytes } from '../report/format.js';
import { kernelOf } from '../results/run.js';
import { type MapReport, mapSnapshots } from '../results/snapshots.js';
import type { Command, Context } from './command.js';
import { load, statusOf } from './load.js';
import { REPLAY } from './options.js';
import { kernelPolicies, overlaid, planReplay } from './replaying.js';
import { heading, type Style, table } from './table.js';
import { plain, toJson } from './text.js';

export const map: Command = {
  name: 'map',
  summary: 'the block maps of the files as they were at these times of the trace',
  operands: ['TRACE'],
  options: {
    at: {
      kind: 'text',
      text: "times, ns in the trace's clock (T1,T2,...); by default the end",
    },
    inode: { kind: 'text', text: 'only this file' },
    policy: { kind: 'text', text: 'as it would have been under this policy', fallback: 'recorded' },
    ...REPLAY,
  },
  examples: [
    ['sealtrace map run.txt.gz --inode 131', 'one file at the end'],
    ['sealtrace map run.txt.gz --at 512000310000,512000400000 --json', 'all files at two times'],
  ],
  async run(context) {
    const { args, io } = context;
    const atNs = args.wholes('at');
    const inode = args.given('inode');
    const wanted = args.text('policy');
    const plan = planReplay(args, [wanted]);
    const { policies, costs, sealRule, unseal, settings } = plan;
    const other = policies.find(({ name }) => name !== wanted);
    if (other !== undefined)
      throw new UserError(`map shows one lane; expected --policy ${other.name}, found ${wanted}`);
    const { trace: recording, damaged } = await load(context, context.operands);
    const trace = overlaid(recording, plan);
    const kernel = kernelOf(trace, kernelPolicies(settings));
    const options = {
      atNs,
      costs: costs.of(recording),
      sealRule,
      unseal,
      kernel,
      ...(inode === undefined ? {} : { inode }),
    };
    const found = mapSnapshots(trace, policies[0]!, options);
    for (const { atNs: ns, outside } of found.snapshots)
      if (outside !== undefined && !context.quiet)
        io.err(`sealtrace: warning: --at ${ns} lies ${OUTSIDE[outside](trace)}\n`);
    await io.out(context.json ? toJson(found) : human(found, context));
    return statusOf(context, damaged, true);
  },
};

const OUTSIDE = {
  before: ({ originNs }: Trace) =>
    `before the trace, whose first record is at ${originNs} ns: nothing is known of that time; expected ns in the trace's clock`,
  after: ({ originNs, endNs }: Trace) =>
    `after the trace, which ends at ${originNs + BigInt(Math.round(endNs))} ns: shown is what it ends with`,
};

const COLUMNS = [
  { title: 'offset', align: 'right' },
  { title: 'length', align: 'right' },
  { title: 'address', align: 'right' },
  { title: 'state' },
] as const;

function human({ snapshots }: MapReport, { style }: Context): string {
  return plain(
    snapshots
      .flatMap(({ atNs, outside, files }) => [
        `${style.bold(`At ${atNs} ns`)}${nothing(outside, files.length)}\n`,
        ...files.map((file) => oneFile(file, style)),
      ])
      .join(''),
  );
}

function nothing(outside: 'before' | 'after' | undefined, files: number): string {
  if (outside === 'before') return ', before the trace: nothing is known';
  return `${outside === 'after' ? ', after the trace: its end' : ''}${files === 0 ? ': no file with a map is known' : ''}`;
}

type SnapshotFile = MapReport['snapshots'][number]['files'][number];

function oneFile({ device, inode, path, uncertain, extents }: SnapshotFile, style: Style): string {
  const name = path === '' ? `inode ${inode}` : `${path}, inode ${inode}`;
  const count = `${formatCount(extents.length)} ${extents.length === 1 ? 'extent' : 'extents'}`;
  const guess = uncertain ? '; a guess: a loss, or a beginning that was not seen' : '';
  const rows = extents.map((extent) => [
    formatExactBytes(extent.offset),
    formatExactBytes(extent.length),
    extent.addr < 0 ? '-' : String(extent.addr),
    extent.shared === true ? `${extent.state}, shared` : extent.state,
  ]);
  return (
    heading(`${name} on ${device}: ${count}${guess}`, style) + (rows.length === 0 ? '' : table(COLUMNS, rows, style))
  );
}
