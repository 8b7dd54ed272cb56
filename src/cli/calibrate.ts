// `sealtrace calibrate`: a cost model from the latencies that a trace measured itself.
import { reference } from '../costs/index.js';
import { type Calibration, calibrate as fitPrices } from '../fitting/calibrate.js';
import type { Price } from '../model/costs.js';
import { formatCount, formatNs } from '../report/format.js';
import type { Command } from './command.js';
import { load, shortName, statusOf, traceName } from './load.js';
import { INPUT } from './options.js';
import { checkOutput, writeOutput } from './output.js';
import { heading, type Style, table } from './table.js';
import { plain, toJson } from './text.js';

export const calibrate: Command = {
  name: 'calibrate',
  summary: 'a cost model from the latencies that a trace measured, for replay --costs',
  operands: ['TRACE...'],
  options: {
    out: { kind: 'text', short: 'o', text: 'cost file X.json to write, for --costs; - is stdout' },
    ...INPUT,
  },
  examples: [
    ['sealtrace calibrate run.txt.gz -o costs.json', 'then sealtrace replay other.txt.gz --costs costs.json'],
    ['sealtrace replay run.txt.gz --costs calibrated', 'the same for the trace itself, without a file'],
  ],
  async run(context) {
    const { args, io, json, operands, quiet, style } = context;
    const out = args.given('out');
    if (out !== undefined) checkOutput(out);
    const { trace, damaged } = await load(context, operands);
    const found = fitPrices(trace.columns, traceName(trace), reference);
    if (out !== undefined) await writeOutput(io, out, [`${JSON.stringify(found.file, null, 1)}\n`]);
    if (out !== undefined && out !== '-' && !quiet) io.err(`sealtrace: wrote ${out}\n`);
    if (out === '-') return statusOf(context, damaged, true);
    await io.out(
      json ? toJson({ schema: 'sealtrace.calibrate/1', ...answer(found, out) }) : plain(human(found, style)),
    );
    return statusOf(context, damaged, true);
  },
};

function answer({ fitted, kept, file }: Calibration, out: string | undefined): object {
  return { ...(out === undefined ? {} : { output: shortName(out) }), costs: file, fitted, kept };
}

function human({ fitted, kept, file }: Calibration, style: Style): string {
  const columns = [
    { title: 'step' },
    { title: 'operations', align: 'right' },
    { title: 'median', align: 'right' },
    { title: '95 % interval', align: 'right' },
    { title: 'fixed', align: 'right' },
    { title: 'per 4 KiB', align: 'right' },
    { title: `${file.base} for as many bytes`, align: 'right' },
  ] as const;
  const rows = fitted.map(({ step, rows, price, before, middleBytes, medianNs, medianFromNs, medianToNs }) => [
    step,
    formatCount(rows),
    formatNs(medianNs),
    `${formatNs(medianFromNs)} to ${formatNs(medianToNs)}`,
    formatNs(price.fixedNs),
    price.nsPerByte === 0 ? '' : formatNs(price.nsPerByte * 4096),
    formatNs(priceOf(before, middleBytes)),
  ]);
  const measured =
    rows.length === 0
      ? `The trace measured too few operations of any kind; all prices are those of ${file.base}.\n`
      : table(columns, rows, style);
  return `${style.bold('Prices from what the trace measured')}\n${measured}${heading(`As in ${file.base}`, style)}  ${kept.join(', ')}\n`;
}

const priceOf = ({ fixedNs, nsPerByte }: Price, bytes: number): number => fixedNs + nsPerByte * bytes;
