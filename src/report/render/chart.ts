// A chart is a figure: caption, static SVG with a name, legend, and the same data as a table behind a click.
import { middleCut } from '../format.js';
import type { Chart, TableBlock } from '../model.js';
import type { Budget } from './budget.js';
import { activityLegend, activitySvg, activityTwin } from './chart-activity.js';
import { cdfLegend, cdfSvg, cdfTwin } from './chart-cdf.js';
import { chainLegend, chainSvg, chainTwin } from './chart-chain.js';
import { extentsLegend, extentsSvg, extentsTwin } from './chart-extents.js';
import { heatLegend, heatSvg, heatTwin } from './chart-heat.js';
import { mapLegend, mapSvg } from './chart-map.js';
import { mapTwin } from './chart-map-twin.js';
import { stackLegend, stackSvg, stackTwin } from './chart-stack.js';
import { timelineLegend, timelineSvg, timelineTwin } from './chart-timeline.js';
import { h, type Markup } from './escape.js';
import { plainText, renderText } from './inline.js';
import { LONGEST_TEXT } from './page-data.js';
import { renderTable } from './table.js';

interface Drawn {
  readonly svg: Markup;
  readonly legend: Markup | null;
  readonly twin: TableBlock;
}

export const renderChart = (chart: Chart, budget: Budget): Markup => {
  const { svg, legend, twin } = draw(chart);
  const name = plainText(chart.caption);
  return h`<figure class="chart ${chart.mark}${chart.mark === 'cdf' && chart.wide === true ? ' wide' : ''}"${chart.mark === 'cdf' && chart.op !== undefined ? h` data-op="${middleCut(chart.op, LONGEST_TEXT)}"` : null}><figcaption>${renderText(chart.caption)} <span class="kind v-${chart.basis}">${BASIS[chart.basis] ?? chart.basis}</span></figcaption>
<div class="drawing"><div class="scroll" tabindex="0" role="group" aria-label="${`Chart: ${middleCut(name, 120)}`}">${svg}</div>${legend}</div>
<details class="twin"><summary>Data of this chart</summary>${renderTable(twin, budget)}</details></figure>`;
};

/** The table that says the same as a chart. */
export const twinOf = (chart: Chart): TableBlock => draw(chart).twin;

const BASIS: Readonly<Partial<Record<Chart['basis'], string>>> = {
  recorded: 'recorded',
  modelled: 'modelled',
  assumed: 'rests on assumed prices',
};

const draw = (chart: Chart): Drawn => {
  switch (chart.mark) {
    case 'cdf':
      return { svg: cdfSvg(chart), legend: cdfLegend(chart), twin: cdfTwin(chart) };
    case 'heat':
      return { svg: heatSvg(chart), legend: heatLegend(chart), twin: heatTwin(chart) };
    case 'stack':
      return { svg: stackSvg(chart), legend: stackLegend(chart), twin: stackTwin(chart) };
    case 'activity':
      return { svg: activitySvg(chart), legend: activityLegend(), twin: activityTwin(chart) };
    case 'map':
      return { svg: mapSvg(chart), legend: mapLegend(chart), twin: mapTwin(chart) };
    case 'chain':
      return { svg: chainSvg(chart), legend: chainLegend(), twin: chainTwin(chart) };
    case 'timeline':
      return { svg: timelineSvg(chart), legend: timelineLegend(chart), twin: timelineTwin(chart) };
    case 'extents':
      return { svg: extentsSvg(chart), legend: extentsLegend(chart), twin: extentsTwin(chart) };
  }
};
