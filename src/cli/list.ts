// `sealtrace list`: what there is, each with its source.
import { suggestion } from '../base/nearest.js';
import { fullName } from '../model/event-map.js';
import { UserError } from '../model/issue.js';
import { switches, validateSettings } from '../policies/switches.js';
import { formatNs } from '../report/format.js';
import { tableRows } from '../results/table-rows.js';
import { formats } from '../trace/recognise.js';
import { rangeText } from '../workloads/parts/parameters.js';
import type { Declaration } from '../workloads/parts/workload.js';
import type { Command, Context } from './command.js';
import { costModels } from './costs.js';
import { eventMaps } from './event-maps.js';
import { policyLines } from './policy-lines.js';
import { policyEntries } from './replaying.js';
import { workloads } from './synth.js';
import { facts, heading, table } from './table.js';
import { plain, toJson } from './text.js';

const KINDS: Readonly<Record<string, (context: Context) => { readonly json: object; readonly text: string }>> = {
  policies: listPolicies,
  formats: listFormats,
  workloads: listWorkloads,
  costs: listCosts,
  events: listEvents,
};
const NAMES = Object.keys(KINDS);

export const list: Command = {
  name: 'list',
  summary: 'what there is: policies, formats, workloads, costs or event maps, each with its source',
  operands: [NAMES.join('|')],
  options: {},
  examples: [
    ['sealtrace list policies', 'with their sources and switches'],
    ['sealtrace list costs --json', 'every price with its class'],
  ],
  async run(context) {
    const kind = context.operands[0]!;
    if (!Object.hasOwn(KINDS, kind))
      throw new UserError(`cannot list "${kind}"${suggestion(kind, NAMES)}; expected one of ${NAMES.join(', ')}`);
    const { json, text } = KINDS[kind]!(context);
    await context.io.out(context.json ? toJson({ schema: 'sealtrace.list/1', kind, ...json }) : plain(text));
    return 0;
  },
};

function listPolicies({ style }: Context): { json: object; text: string } {
  const settings = validateSettings({});
  const policies = policyEntries.map((entry) => entry.build(settings));
  const parts = policies.map((policy) => {
    const { name, title, cites, notes = [] } = policy;
    const table = policyLines(policy).map((line) => `    ${line}\n`);
    const remarks = [...cites.map((cite) => `from ${cite}`), ...notes].map((line) => `    ${style.dim(line)}\n`);
    return `${style.bold(name)}  ${title}\n${table.join('')}${remarks.join('')}`;
  });
  const items = policies.map((policy) => {
    const { name, title, cites, notes = [], seal, breaks = null, requests = [], outliveExit = [] } = policy;
    const rows = tableRows(policy).map(({ policy: _, ...row }) => row);
    return { name, title, sources: cites, notes, table: rows, seal, breaks, requests, outliveExit };
  });
  const rows = switches.map(({ key, values, fallback, text }) => [key, valuesText(values), fallback, text]);
  const columns = ['switch (--set)', 'values', 'default', 'meaning'].map((title) => ({ title }));
  return {
    json: { items, switches },
    text: `${parts.join('')}${heading('Switches', style)}${table(columns, rows, style)}`,
  };
}

const valuesText = (values: readonly string[] | 'seconds'): string =>
  values === 'seconds' ? 'seconds' : values.join(' | ');

function listFormats({ style }: Context): { json: object; text: string } {
  const items = formats.map(({ name, title }) => ({ name, title, source: `src/formats/${name}.ts` }));
  const text = facts(
    items.map(({ name, title }) => [name, title] as const),
    style,
  );
  const note =
    'Recognised by their content; gzip, zstd and xz are unpacked. A bundle (*.sealtrace) goes wherever a recording does.';
  return { json: { items }, text: `${text}${style.dim(note)}\n` };
}

function listWorkloads({ style }: Context): { json: object; text: string } {
  const columns = ['parameter (--set)', 'default', 'range', 'meaning', 'drawn', 'from'].map((title) => ({ title }));
  const items = workloads.map(({ name, title, meantFor, parameters, declares, overlay }) => {
    const source = `src/workloads/${name}.ts`;
    return { name, title, source, meantFor, parameters, declares, overlay: overlay?.parameters ?? [] };
  });
  const parts = items.map(({ name, title, meantFor, parameters, declares, overlay }) => {
    const rows = parameters.map((one) => {
      return [one.key, String(one.fallback), rangeText(one), one.text, one.distribution, one.source];
    });
    const promises = declares.map((one) => `    ${style.dim(declarationText(one))}\n`).join('');
    const over =
      overlay.length === 0 ? '' : `; --overlay takes files=GLOB, ${overlay.map(({ key }) => key).join(', ')}`;
    const asks = `    ${style.dim(`asks about ${meantFor.join(', ')}${over}`)}\n`;
    return `${style.bold(name)}  ${title}\n${asks}${promises}${table(columns, rows, style)}`;
  });
  const note = 'What is promised holds for 20,000 events and more, whatever the seed.';
  return { json: { items }, text: `${parts.join('\n')}${style.dim(note)}\n` };
}

/** `ondisk: hazards none, refused some (ETXTBSY)`. */
function declarationText({ policy, set = {}, with: values = {}, errno, classes, ...promises }: Declaration): string {
  const given = [...Object.entries(set), ...Object.entries(values)].map(([key, value]) => ` ${key}=${value}`);
  const kinds = Object.entries(promises).map(([what, how]) => {
    const more = what === 'refused' ? errno : what === 'hazards' ? classes : undefined;
    return `${what} ${how}${more === undefined ? '' : ` (${more})`}`;
  });
  return `under ${policy}${given.join('')}: ${kinds.join(', ')}`;
}

function listCosts({ style }: Context): { json: object; text: string } {
  const columns = [
    { title: 'step' },
    { title: 'fixed', align: 'right' },
    { title: 'per 4 KiB', align: 'right' },
    { title: 'class' },
    { title: 'seen elsewhere' },
    { title: 'from' },
  ] as const;
  const parts = costModels.map(({ name, title, prices }) => {
    const rows = Object.entries(prices).map(([step, { fixedNs, nsPerByte, basis, range, from }]) => {
      return [step, formatNs(fixedNs), nsPerByte === 0 ? '' : formatNs(nsPerByte * 4096), basis, range, from];
    });
    return `${style.bold(name)}  ${title}\n${table(columns, rows, style)}`;
  });
  return { json: { items: costModels }, text: parts.join('\n') };
}

function listEvents({ style }: Context): { json: object; text: string } {
  const columns = ['operation', 'events', 'fields'].map((title) => ({ title }));
  const parts = eventMaps.map(({ name, title, source, probes, operations }) => {
    const rows = operations.map(({ op, enter, returns, fields }) => [
      op,
      [enter, ...returns].map(fullName).join(' .. '),
      Object.entries(fields)
        .map(([role, { field, unit }]) => `${role}=${field}${unit === 'bytes' ? '' : ` (${unit})`}`)
        .join(', '),
    ]);
    const lines = [`from ${source}`, ...probes].map((line) => `    ${style.dim(line)}\n`);
    return `${style.bold(name)}  ${title}\n${lines.join('')}${table(columns, rows, style)}`;
  });
  const note = '--events NAME teaches sealtrace these; --events MAP.json events of your own (docs/events.md).';
  return { json: { items: eventMaps }, text: `${parts.join('\n')}${style.dim(note)}\n` };
}
