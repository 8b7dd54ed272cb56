// Asks every section and puts what they say in order.
import type { Run } from '../results/types.js';
import { formatBytes, formatNs, plural } from './format.js';
import { raw } from './inline.js';
import { sum } from './lanes.js';
import type { Inline, Report } from './model.js';
import * as sections from './sections/index.js';

export const buildReport = (run: Run): Report => ({
  title: run.report.trace.name,
  subtitle: subtitle(run),
  legend: run.report.lanes.map(({ policy, title }) => ({ name: policy, title })),
  sections: Object.values(sections)
    .sort((a, b) => a.place - b.place)
    .flatMap((section) => section.build(run) ?? []),
  footer: ['sealtrace ', raw(run.version), '. One file, no request to anywhere; it reads without scripts as well.'],
});

const subtitle = (run: Run): readonly Inline[] => {
  const { trace, lanes } = run.report;
  const length = formatNs(Math.max(0, trace.span.toNs - trace.span.fromNs));
  const bytes = sum(trace.sources.map((source) => source.bytes));
  const kernels = [...new Set(trace.sources.map((source) => source.kernel))].filter((kernel) => kernel !== '');
  const parts: Inline[] = [
    `${plural(trace.operations.total, 'operation')} in ${length}, ${plural(trace.files, 'file')}, ${plural(trace.tasks, 'task')}`,
    `, ${formatBytes(bytes)} of trace, replayed under ${plural(lanes.length, 'policy', 'policies')}`,
  ];
  return kernels.length === 0 ? parts : [...parts, '. Kernel ', raw(kernels.join(', '))];
};
