// `sealtrace inspect`: what is in a trace.

import { reference } from '../costs/index.js';
import type { StoredParts } from '../model/parts.js';
import * as policies from '../policies/index.js';
import { validateSettings } from '../policies/switches.js';
import { formatBytes, formatCount, formatNs } from '../report/format.js';
import { type ExtentCounts, extentsAtEnd } from '../results/extents-at-end.js';
import { Spill } from '../trace/spill.js';
import { basisText, clockText, errorText } from './clocks.js';
import type { Command, Context } from './command.js';
import { compileSmall, keepHeapSmall } from './heap.js';
import { type Inspection, inspectParts } from './inspection.js';
import { loadParts, statusOf } from './load.js';
import { INPUT, READ_THREADS, STRICT } from './options.js';
import { writeOutput } from './output.js';
import { facts, heading, table } from './table.js';
import { jsonPieces, plain } from './text.js';

export const inspect: Command = {
  name: 'inspect',
  summary: 'what is in a trace: records, operations, files, losses, measured latencies, issues',
  operands: ['TRACE'],
  options: { ...INPUT, threads: READ_THREADS, strict: STRICT },
  examples: [
    ['sealtrace inspect run.txt.gz', 'as tables'],
    ['sealtrace inspect run.txt.gz --json | jq .events.byOp', 'for scripts'],
  ],
  async run(context) {
    keepHeapSmall();
    compileSmall();
    const { used: found, damaged } = await loadParts(context, context.operands, (parts) => {
      const store = new Spill();
      try {
        return inspectParts(parts, store, (observed) => extents(parts, observed));
      } finally {
        store.close();
      }
    });
    await writeOutput(context.io, '-', context.json ? jsonPieces(found) : [human(found, context)]);
    return statusOf(
      context,
      damaged,
      found.sources.every(({ lost }) => lost.spans.length === 0),
    );
  },
};

function extents(parts: StoredParts, observed: Uint8Array): ExtentCounts {
  const settings = validateSettings({});
  return extentsAtEnd(parts, observed, policies.recorded.build(settings), {
    costs: reference,
    sealRule: 'explicit',
    unseal: 'never',
    kernel: policies.dax.build(settings),
  });
}

function human(found: Inspection, context: Context): string {
  return plain(
    [
      summary(found, context),
      sources(found, context),
      clocks(found, context),
      recordedOn(found, context),
      taught(found, context),
      operations(found, context),
      files(found, context),
      issues(found, context),
    ].join(''),
  );
}

function summary(found: Inspection, { style }: Context): string {
  const { operations, deviceAccess: device, span } = found;
  const length = formatNs(Number(span.toNs - span.fromNs));
  const items: [string, string][] = [
    ['span', `${length}, from ${span.fromNs} to ${span.toNs} ns${found.clock === '' ? '' : ` (${found.clock})`}`],
    [
      'operations',
      `${formatCount(operations.total)}, ${formatCount(operations.unpaired)} calls without their other half`,
    ],
    ['files, tasks', `${formatCount(found.files.length)}, ${formatCount(found.tasks)}`],
  ];
  if (device.accesses > 0) {
    const placed = `${formatCount(device.placedPages)} of ${formatCount(device.pages)} pages led back to a file`;
    items.push(['device', `${formatCount(device.accesses)} accesses, ${placed}`]);
  }
  return facts(items, style);
}

function sources(found: Inspection, { style }: Context): string {
  const rows = found.sources.map(({ name, format, clock, bytes, records, typed, generic, lost }) => [
    name,
    format,
    clockText(clock),
    formatBytes(bytes),
    formatCount(records),
    formatCount(typed),
    formatCount(generic),
    lost.spans.length === 0 ? '0' : lost.events === 0 ? 'some' : formatCount(lost.events),
  ]);
  const columns = [
    { title: 'source' },
    { title: 'format' },
    { title: 'clock' },
    ...['size', 'records', 'typed', 'generic', 'lost'].map((title) => ({ title, align: 'right' as const })),
  ];
  return heading('Sources', style) + table(columns, rows, style);
}

/** Where the sources stand on one timeline; nothing for one alone. */
function clocks(found: Inspection, { style }: Context): string {
  const rows = found.sources.flatMap(({ name, joined }) =>
    joined === null
      ? []
      : [[name, String(joined.offsetNs), errorText(joined), basisText(joined), formatCount(joined.elsewhere)]],
  );
  if (rows.length === 0) return '';
  const right = (title: string) => ({ title, align: 'right' as const });
  const columns = [{ title: 'source' }, right('offset ns'), right('error'), { title: 'by' }, right('told elsewhere')];
  return heading('Clocks, led to that of the first source', style) + table(columns, rows, style);
}

/** What the recorder told of the machine: values as they came, since recorders may tell more. */
function recordedOn(found: Inspection, { style }: Context): string {
  const items = found.sources.flatMap(({ facts: told }) =>
    Object.entries(told).flatMap(([name, value]) => listOf(value).map((one): [string, string] => [name, inWords(one)])),
  );
  return items.length === 0 ? '' : heading('Recorded on', style) + facts(items, style);
}

/** What the event maps found: events without records as well, so that a probe that never fired shows. */
function taught(found: Inspection, { style }: Context): string {
  const parts = found.sources.flatMap(({ name, maps }) =>
    maps.map(({ map, events, operations }) => {
      const seen = events.map(({ event, records }) => `${event} ${formatCount(records)}`).join(', ');
      const rows = operations.map(({ op, event, placed, inside, unplaced }) => [
        op,
        event,
        formatCount(placed),
        formatCount(inside),
        Object.entries(unplaced)
          .map(([cause, count]) => `${formatCount(count)} ${cause}`)
          .join('; '),
      ]);
      const right = { align: 'right' as const };
      const columns = [
        { title: 'operation' },
        { title: 'from' },
        { title: 'placed', ...right },
        { title: 'part of another', ...right },
        { title: 'not placed' },
      ];
      return `${heading(`Event map ${map} in ${name}`, style)}  ${seen}\n${table(columns, rows, style)}`;
    }),
  );
  return parts.join('');
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);

function inWords(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return value.map(inWords).join('; ');
  return Object.entries(value)
    .map(([name, one]) => `${name} ${typeof one === 'object' && one !== null ? `(${inWords(one)})` : String(one)}`)
    .join(', ');
}

function operations({ events, measured }: Inspection, { style }: Context): string {
  if (events.total === 0) return '';
  const rows = Object.entries(events.byOp).map(([op, count]) => {
    const latency = measured[op];
    return [
      op,
      formatCount(count),
      latency === undefined ? '' : formatCount(latency.count),
      latency === undefined ? '' : formatNs(latency.p50Ns),
      latency === undefined ? '' : formatNs(latency.p99Ns),
    ];
  });
  const right = ['events', 'measured', 'p50', 'p99'].map((title) => ({ title, align: 'right' as const }));
  return heading('Events', style) + table([{ title: 'operation' }, ...right], rows, style, 80);
}

const MOST_FILES = 20;

function files(found: Inspection, { style }: Context): string {
  if (found.files.length === 0) return '';
  const rows = found.files
    .busiest(MOST_FILES)
    .map(({ device, inode, path, bytes, extents, events }) => [
      path === '' ? '-' : path,
      device,
      inode,
      formatBytes(bytes),
      formatCount(extents),
      formatCount(events),
    ]);
  const columns = [
    { title: 'file' },
    { title: 'device' },
    { title: 'inode' },
    ...['size', 'extents', 'events'].map((title) => ({ title, align: 'right' as const })),
  ];
  return heading('Files, busiest first', style) + table(columns, rows, style, MOST_FILES, found.files.length);
}

function issues(found: Inspection, { style }: Context): string {
  const kinds = found.issues.map(({ code, count, first, text }) => [
    code,
    formatCount(count),
    first.row === 0 ? first.source : `${first.source}:${first.row}`,
    text,
  ]);
  const causes = found.unplaced.map(({ cause, count }) => [formatCount(count), cause]);
  const count = { title: 'count', align: 'right' as const };
  const columns = [{ title: 'issue' }, count, { title: 'first at' }, { title: 'what' }];
  return [
    kinds.length === 0 ? '' : heading('Issues', style) + table(columns, kinds, style),
    causes.length === 0 ? '' : heading('Not placed', style) + table([count, { title: 'cause' }], causes, style),
  ].join('');
}
