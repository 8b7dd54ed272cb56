// A chart is a figure: caption, static SVG with a name, legend, and the same data as a table behind a click.
import { middleCut } from '../format.js';
import type { Chart, TableBlock } from '../model.js';
import type { Budget } from './budget.js';
import { cdfLegend, cdfSvg, cdfTwin } from './chart-cdf.js';
import { extentsLegend, extentsSvg, extentsTwin } from './chart-extents.js';
import { heatLegend, heatSvg, heatTwin } from './chart-heat.js';
import { timelineLegend, timelineSvg, timelineTwin } from './chart-timeline.js';
import { h, type Markup } from './escape.js';
import { plainText, renderText } from './inline.js';
import { renderTable } from './table.js';

interface Drawn {
  readonly svg: Markup;
  readonly legend: Markup;
  readonly twin: TableBlock;
}

export const renderChart = (chart: Chart, budget: Budget): Markup => {
  const { svg, legend, twin } = draw(chart);
  const name = plainText(chart.caption);
  return h`<figure class="chart ${chart.mark}"><figcaption>${renderText(chart.caption)}</figcaption>
<div class="drawing"><div class="scroll" tabindex="0" role="region" aria-label="${`Chart: ${middleCut(name, 120)}`}">${svg}</div>${legend}</div>
<details class="twin"><summary>Data of this chart</summary>${renderTable(twin, budget)}</details></figure>`;
};

const draw = (chart: Chart): Drawn => {
  switch (chart.mark) {
    case 'cdf':
      return { svg: cdfSvg(chart), legend: cdfLegend(chart), twin: cdfTwin(chart) };
    case 'heat':
      return { svg: heatSvg(chart), legend: heatLegend(chart), twin: heatTwin(chart) };
    case 'timeline':
      return { svg: timelineSvg(chart), legend: timelineLegend(chart), twin: timelineTwin(chart) };
    case 'extents':
      return { svg: extentsSvg(chart), legend: extentsLegend(chart), twin: extentsTwin(chart) };
  }
};
