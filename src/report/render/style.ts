// The one style sheet. Narrow first screens, dark, print and reduced motion are part of it, not an afterthought.
import { COLOURS } from './style-colours.js';

const PAGE = `*{box-sizing:border-box}
html{scroll-behavior:smooth;scroll-padding-top:3.2rem;-webkit-text-size-adjust:100%}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans","DejaVu Sans",sans-serif}
.wrap{max-width:1240px;margin-inline:auto;padding-inline:24px}
a{color:var(--link);text-underline-offset:2px}
:focus-visible{outline:3px solid var(--link);outline-offset:2px;border-radius:2px}
main:focus{outline:none}
main,header,footer{overflow-wrap:break-word}
.skip{position:absolute;left:-999px;top:0;background:var(--card);padding:.6em 1em;z-index:9}
.skip:focus{left:8px;top:8px}
.top{padding-top:18px}
.brand{margin:0;font-size:13px;font-weight:600;letter-spacing:.02em}
.brand span{color:var(--soft);font-weight:400}
h1{font-size:26px;line-height:1.2;margin:.1em 0;font-weight:650;overflow-wrap:anywhere}
h1 .raw{font-family:inherit;font-size:inherit}
.sub{margin:.1em 0 .6em;color:var(--soft)}
.toc{position:sticky;top:0;z-index:5;background:var(--bg);border-bottom:1px solid var(--line)}
.toc ul{display:flex;gap:4px 15px;list-style:none;margin:0;padding:8px 0;overflow-x:auto;white-space:nowrap;font-size:14px}
.toc a{text-decoration:none}
.toc a:hover{text-decoration:underline}
section{margin-top:44px;min-width:0}
section:first-child,#main .lead{margin-top:18px}
h2{font-size:20px;line-height:1.3;margin:0 0 .25em;font-weight:650}
.finding{margin:0 0 .9em;max-width:88ch;color:var(--soft);overflow-wrap:anywhere}
section.minor>h2,.lead>h2{font-size:13px;color:var(--soft);font-weight:600;margin-bottom:.4em}
.lead .finding{font-size:22px;line-height:1.36;color:var(--ink);max-width:62ch;margin-bottom:.45em;text-wrap:pretty}
.lead .points{font-size:15px;color:var(--ink)}
.points{margin:.3em 0;padding-left:1.2em;max-width:100ch}
.points li{margin:.15em 0}
footer{margin-top:56px;padding-block:18px 40px;color:var(--soft);font-size:13px}
footer p{margin:.2em 0}
.note{font-size:12.5px;color:var(--soft);margin:.4em 0 0;max-width:110ch}
p.text{max-width:100ch;margin:.5em 0}.text.t-quiet{font-size:13.5px;color:var(--soft)}
small{font-size:12px;color:var(--soft)}
.basis{white-space:nowrap}
@media (min-width:1080px){.wide tbody th{min-width:230px}main{display:grid;grid-template-columns:minmax(0,1fr) 436px;column-gap:36px}main>section{grid-column:1/-1}main>.minor{grid-column:2;grid-row:1}main>.lead{grid-column:1;grid-row:1}main>.lead+section{margin-top:26px}}
pre,code,.raw{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"Liberation Mono","DejaVu Sans Mono",monospace}
.raw{font-size:.93em;overflow-wrap:anywhere}
.raw.prose{font:inherit}.raw.short{white-space:nowrap}
[id]{scroll-margin-top:3.2rem}`;

const FIGURES = `.v{white-space:nowrap;font-variant-numeric:tabular-nums}
.v-modelled,.v-derived,.v-sourced{font-style:italic}
.v-assumed,.v-guess{font-style:italic;text-decoration:underline dotted 1.5px;text-underline-offset:3px}
.v-guess::after,.v-assumed::after{content:"?";color:var(--soft);font-size:.85em}
.chip{display:inline-block;max-width:100%;overflow:hidden;text-overflow:ellipsis;vertical-align:bottom;padding:0 .5em;border-radius:4px;font-size:.9em;font-weight:600;white-space:nowrap;border:1px solid transparent;line-height:1.5}
.chip.t-good{color:var(--good);background:var(--good-bg)}
.chip.t-warn{color:var(--warn);background:var(--warn-bg)}
.chip.t-bad{color:var(--bad);background:var(--bad-bg)}
.chip.t-info{color:var(--info);background:var(--info-bg)}
.chip.t-quiet{color:var(--quiet);font-weight:400;border-color:var(--line)}
.policy{display:inline-block;max-width:100%;font-weight:600;overflow-wrap:anywhere}th .policy{white-space:nowrap}
.swatch{margin-right:.35em;vertical-align:-1px;flex:none}
.notice{border:1px solid var(--line);border-left-width:5px;border-radius:6px;padding:8px 14px;background:var(--card)}
.notice p{margin:0}
.notice.t-good{border-left-color:var(--good)}
.notice.t-bad{border-left-color:var(--bad)}
.notice.t-warn{border-left-color:var(--warn)}
.sign{display:inline-block;width:1.5em;height:1.5em;line-height:1.5em;text-align:center;border-radius:50%;margin-right:.5em;font-weight:700;font-size:.9em;background:var(--good-bg);color:var(--good)}
.t-bad .sign{background:var(--bad-bg);color:var(--bad)}
.t-warn .sign{background:var(--warn-bg);color:var(--warn)}
.notice ul{margin:.2em 0 .1em;padding-left:2.2em;font-size:14px;color:var(--soft)}
.notice li strong{color:var(--bad)}
dl{margin:0}dd{margin:0}
.figures{display:grid;grid-template-columns:repeat(3,1fr);gap:1px;background:var(--line);border:1px solid var(--line);border-radius:6px;overflow:hidden;margin:8px 0}
.figures>div{background:var(--card);padding:5px 12px 7px}
.figures dt{font-size:12.5px;color:var(--soft)}
.figures dd{font-size:19px;line-height:1.25;font-weight:600}
.figures small{display:block;font-weight:400;line-height:1.35}
.figures .t-bad dd .v{color:var(--bad)}
.figures .t-warn dd .v{color:var(--warn)}
dl.lines{display:grid;gap:2px 0}
dl.lines>div{display:grid;grid-template-columns:minmax(6.5em,auto) minmax(0,1fr);gap:.8em}
dl.lines dt{color:var(--soft)}
section>dl.lines{grid-template-columns:repeat(auto-fill,minmax(290px,1fr));gap:2px 28px;margin:.8em 0;font-size:14px}
section>dl.lines>div{grid-template-columns:13.5em minmax(0,1fr)}`;

const TABLES = `.scroll{overflow-x:auto;max-width:100%;scrollbar-width:thin}
table{border-collapse:collapse;width:100%;font-size:14px;font-variant-numeric:tabular-nums;background:var(--card)}
.scroll:has(>table){border:1px solid var(--line);border-radius:6px;background:var(--card)}
caption{text-align:left;padding:8px 12px;font-size:13px;color:var(--soft)}
caption .policy{color:var(--ink)}
th,td{padding:6px 12px;text-align:left;vertical-align:top;border-top:1px solid var(--line)}
thead th{font-weight:600;font-size:13px;vertical-align:bottom;color:var(--soft);white-space:nowrap}
thead .policy{color:var(--ink)}
.groups th,.groups td{border-top:0;padding-bottom:0;font-size:12px;font-weight:400}
.groups th{border-bottom:1px solid var(--line)}
.groups+tr th{border-top:0}
tbody th{font-weight:400}
tbody th small,td small{display:block;line-height:1.3}
td.a-end,th.a-end{text-align:right}
td.a-center,th.a-center{text-align:center}
td.a-end .v,td.a-end{white-space:nowrap}td .raw{overflow-wrap:break-word}
td.t-quiet,td.t-quiet .v{color:var(--quiet)}
td.t-bad>.v{color:var(--bad);font-weight:650}
td.t-warn>.v{color:var(--warn);font-weight:650}
td.t-good>.v{color:var(--good)}
.bar{display:block;margin-top:3px;fill:var(--quiet)}
.t-bad .bar{fill:var(--bad)}
.t-warn .bar{fill:var(--warn)}
.dense{font-size:13px}
.dense td.a-center,.dense tbody th>a{white-space:nowrap}.dense td.a-center,.dense th.a-center{padding-inline:5px}
.dense td.a-end small,.dense td.a-center small{display:inline}
.wide td,.wide th{padding-inline:9px}.wide td.a-end small{white-space:normal;max-width:8.5em;margin-left:auto}.wide tbody th{max-width:250px}
.dense th,.dense td{padding:3px 8px}
.dense tr:not(.starts) td,.dense tbody tr:not(.starts) th{border-top-color:var(--faint)}
.shade td.t-bad,.shade td.t-warn,.shade td.t-info{font-weight:650}
.shade td.t-bad{background:var(--bad-bg);color:var(--bad)}
.shade td.t-warn{background:var(--warn-bg);color:var(--warn)}
.shade td.t-info{background:var(--info-bg);color:var(--info)}
details>summary{cursor:pointer;color:var(--link);font-size:13.5px;padding:4px 0}
.inside{display:grid;gap:14px;padding:6px 0 4px}
.inside>*{min-width:0}
.grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,440px),1fr));gap:18px 24px;align-items:start}
.grid.narrow{grid-template-columns:repeat(auto-fit,minmax(min(100%,340px),1fr))}
.grid>div{min-width:0}
section>.scroll+.scroll,section>*+.grid,section>*+.scroll,section>*+figure,section>.cards{margin-top:16px}`;

const CARDS = `.cards{display:grid;grid-template-columns:minmax(0,1fr);gap:18px}
.card{border:1px solid var(--line);border-radius:8px;background:var(--card);padding:12px 16px 14px;min-width:0}
.card:target{border-color:var(--link);box-shadow:0 0 0 2px var(--link)}
.card header{display:flex;gap:12px;align-items:baseline;justify-content:space-between}
.card h3{font-size:16px;margin:0 0 8px;font-weight:650;overflow-wrap:anywhere}
.anchor{text-decoration:none;font-size:15px;padding:0 .3em}
.sides{display:grid;grid-template-columns:minmax(0,1fr) auto minmax(0,1fr);gap:0 18px;align-items:stretch;margin-bottom:12px}
.side{background:var(--faint);border-radius:6px;padding:8px 14px 10px;min-width:0}
.side p{margin:0}
.role{font-size:12.5px;color:var(--soft)}
.who{font-weight:650;font-size:15px;overflow-wrap:anywhere}
.side .lines{font-size:13.5px;margin-top:4px}
.outcome{align-self:center;min-width:0;max-width:min(100%,240px);justify-self:center;text-align:center;position:relative}
.outcome .chip{font-size:14px;padding:.1em .7em}
.outcome::before{content:"→";display:block;color:var(--soft);font-size:20px;line-height:1}
.card>.grid{gap:14px 28px}.card>figure,.card>.scroll,.card>details{margin-top:12px}
.lines figcaption{font-size:13px;color:var(--soft)}
figure{margin:0;min-width:0}
pre{margin:4px 0 0;padding:8px 12px;overflow-x:auto;background:var(--faint);border-radius:6px;font-size:12.5px;line-height:1.55}
pre .place{color:var(--soft);user-select:none;-webkit-user-select:none;display:inline-block;min-width:7em;margin-right:.6em}
pre .raw{overflow-wrap:normal;font-size:1em}`;

const CHARTS = `.chart figcaption{font-weight:600;font-size:14px;margin-bottom:4px}
.chart svg[role=img]{display:block;width:100%;height:auto;font-size:12px;fill:var(--soft)}
.chart .axis text,.chart .row{fill:var(--soft)}
.chart .axis-title{font-size:11.5px}
.chart .row{font-size:12px;fill:var(--ink)}
.gridline{stroke:var(--faint);fill:none}
.base{stroke:var(--quiet);fill:none}
.series{fill:none;stroke-width:2;stroke-linejoin:round}
.mark{stroke-width:1}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:2px 18px;margin:6px 0 0;padding:0;font-size:13px}
.legend li{display:flex;align-items:center;gap:6px;min-width:0;overflow-wrap:anywhere}.legend small{flex:none}
.sample{flex:none}
.twin summary{font-size:12.5px;color:var(--soft)}
.heat-0{fill:var(--h0)}.heat-1{fill:var(--h1)}.heat-2{fill:var(--h2)}.heat-3{fill:var(--h3)}.heat-4{fill:var(--h4)}.heat-5{fill:var(--h5)}.heat-6{fill:var(--h6)}
.halo{fill:none;stroke:var(--halo);stroke-width:4;opacity:.75}
.p50,.p99{fill:none;stroke-width:1.8}
.p50{stroke:var(--q50)}.p99{stroke:var(--q99);stroke-dasharray:5 2}
.span{stroke-width:1.2}
.span.s-alive{fill-opacity:.65}
.span.s-orphaned{fill-opacity:.14;stroke-width:2;stroke-dasharray:5 3}
.cross{stroke:var(--bad);stroke-width:2.4;fill:none}
.x-written{fill:var(--written)}.x-unwritten{fill:var(--unwritten);stroke:var(--written);stroke-dasharray:3 2}
.x-delalloc{fill:var(--delalloc);stroke:var(--warn);stroke-dasharray:1 2}.x-shared{fill:var(--shared);stroke:var(--ink)}
.x-other{fill:var(--other)}.x-hole{fill:none;stroke:var(--line)}
.x-moved{stroke:var(--p2);stroke-width:2.5;stroke-dasharray:none}
.x-text{fill:var(--on);font-size:11.5px}.x-addr{font-size:10.5px}
.asked{fill:var(--warn);fill-opacity:.14;stroke:var(--warn);stroke-dasharray:4 3}
.asked-text{fill:var(--warn);font-size:11.5px}
.extents{max-width:760px}
.kind{font-weight:400;font-size:12.5px;color:var(--soft);margin-left:.5em}
.row-note{font-size:11.5px;fill:var(--soft)}
.part{stroke:var(--card);stroke-width:1}
.c-recorded{fill:var(--p0)}.c-priced{fill:var(--p0);fill-opacity:.35;stroke:var(--p0);stroke-dasharray:3 2}.c-extra{fill:var(--p7)}
.c-commit{fill:var(--p3)}.c-invalidate,.c-flush{fill:var(--p6)}.c-wait{fill:var(--p5)}.c-refused{fill:var(--p2)}
.act-all{fill:var(--p0)}.act-refused{fill:var(--bad)}.act-delayed{fill:var(--warn)}.act-stale{fill:var(--p4)}
.m-written{fill:var(--written)}.m-unwritten{fill:var(--unwritten);stroke:var(--written);stroke-width:.5}.m-delalloc{fill:var(--delalloc)}.m-shared{fill:var(--shared)}.m-unknown{fill:var(--other);fill-opacity:.45}
.m-moved{stroke:var(--p2);stroke-width:1.6;fill:none}
.m-hold{fill:var(--p3);fill-opacity:.75;stroke:var(--p3);stroke-width:.5}.m-range{fill:none;stroke:var(--p3);stroke-width:1.3;stroke-dasharray:5 3}
.k-range{fill:none;stroke-width:1.2}
.k-moved{fill:var(--ink);stroke:var(--card);stroke-width:.6}.k-moved .k-range{stroke:var(--ink);stroke-opacity:.35}
.k-refused{fill:var(--bad);stroke:var(--card);stroke-width:.8}.k-refused .k-range{stroke:var(--bad);stroke-opacity:.55}
.k-delayed{fill:var(--warn);stroke:var(--card);stroke-width:.8}.k-delayed .k-range{stroke:var(--warn);stroke-opacity:.55}
.k-stale{fill:var(--p4);stroke:var(--card);stroke-width:.8}.k-stale .k-range{stroke:var(--p4);stroke-opacity:.8;stroke-width:3}
.chain-hold{fill:var(--p3);fill-opacity:.75}.chain-wait{fill:var(--warn)}.chain-asked{fill:var(--bad)}.chain-line{stroke:var(--bad);stroke-dasharray:2 3;stroke-opacity:.6}
.gone{stroke:var(--ink);stroke-width:2;fill:none}.crash{fill:none;stroke:var(--bad);stroke-width:1.5}.crash-text{fill:var(--bad);font-size:11px}
.outside{fill:var(--bg);fill-opacity:.72}
.pile{display:grid;gap:12px;min-width:0}
.chart.cdf.wide{max-width:640px}`;

/** What only the script puts on the page. */
const SCRIPTED = `[hidden]{display:none!important}
button,select{font:inherit;font-size:13px;color:var(--link);background:var(--card);border:1px solid var(--line);border-radius:5px;padding:1px 8px;cursor:pointer}
button:hover{border-color:var(--link)}
.copy{float:right;display:flex;gap:4px;margin-left:10px}.copy button{font-size:11px;padding:0 6px;color:var(--soft)}
.filters{display:flex;flex-wrap:wrap;gap:4px 10px;font-size:13px}.filters:not(:empty){padding-bottom:6px}
.filter{background:var(--info-bg);color:var(--info);border-radius:5px;padding:1px 4px 1px 9px}.filter button{border:0;background:none;color:inherit;font-weight:700}
.sliders{display:flex;flex-wrap:wrap;gap:6px 18px;align-items:center;border:1px solid var(--line);border-radius:6px;margin:0 0 16px;padding:6px 12px 9px;font-size:13.5px}
.sliders legend{font-size:13px;color:var(--soft);padding:0 4px}.sliders label{display:flex;align-items:center;gap:7px}.sliders input{width:150px;accent-color:var(--link)}
.sliders output{font-weight:600;min-width:11em}.hint{color:var(--soft)}
.pair{font-size:14px}.pair label,.pair select{max-width:100%}
.brushable{cursor:crosshair;touch-action:pan-y}
.card.here{border-color:var(--link);box-shadow:0 0 0 2px var(--link)}
h2 .anchor{margin-left:.35em;visibility:hidden}h2:hover .anchor,h2 .anchor:focus{visibility:visible}
#said{position:fixed;left:12px;bottom:12px;margin:0;padding:4px 12px;background:var(--ink);color:var(--bg);border-radius:6px;font-size:13.5px;z-index:9}#said:empty{display:none}
.plot-title{font-weight:600;font-size:14px;margin:0 0 4px}.plot{min-width:0;overflow-x:auto}.u-legend{font-size:12px;color:var(--ink)}
.u-legend th,.u-legend td{padding:0 4px;border:0}.u-inline.u-live th::after{content:""}
.uplot table{width:auto;background:none}
@media screen{.scripted .still,.in-range>.drawing,.in-range>.twin{display:none}}
.live{margin-top:16px}`;

const NARROW = `@media (max-width:640px){body{font-size:15px}.wrap{padding-inline:14px}h1{font-size:21px}.lead .finding{font-size:19px}
.figures{grid-template-columns:repeat(2,1fr)}.figures>div{padding:6px 10px}
.sides{grid-template-columns:minmax(0,1fr);gap:8px}.outcome::before{content:"↓"}
.card{padding:10px 12px}.chart.timeline svg[role=img],.chart.activity svg[role=img],.chart.map svg[role=img]{min-width:760px}.chart.extents svg[role=img],.chart.chain svg[role=img],.chart.stack svg[role=img]{min-width:470px}.chart.cdf svg[role=img],.chart.heat svg[role=img]{min-width:430px}
th,td{padding:5px 8px}tbody th{position:sticky;left:0;background:var(--card);z-index:1;max-width:150px;min-width:6em;box-shadow:1px 0 var(--line)}}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
@media (forced-colors:active){.bar,.chip{forced-color-adjust:none}}`;

/**
 * `zoom` lays the page out for a screen of some 1000 px and shrinks it to A4, so that wide tables fit. What is closed on the screen
 * stays closed on paper and says so: every twin of a chart would make a book of the report.
 */
const PRINT = `@media print{@page{size:A4;margin:12mm 11mm}
body{zoom:.7;background:#fff}.wrap{max-width:none;padding:0}
.toc,.skip,.anchor,.copy,.sliders,.pair,.live,.twin,#said,footer button,details[open]>summary{display:none}
details:not([open])>summary{list-style:none;color:var(--soft)}
details:not([open])>summary::after{content:" (not printed: open it first)"}
section{margin-top:30px}main>.lead+section{margin-top:20px}
h2,h3,caption,figcaption,.finding{break-after:avoid}
.drawing,.sides,.figures,.notice,tr,.line,.card,.lines{break-inside:avoid}
.drawing{break-before:avoid}
thead{display:table-header-group}
.scroll{overflow:visible}
th,td,.dense th,.dense td{padding-inline:6px;white-space:normal;overflow-wrap:break-word}
thead th,thead .policy{white-space:normal}
pre{white-space:pre-wrap;overflow-wrap:anywhere;font-size:11px}pre .place{display:inline}pre code{white-space:normal}
.card{padding:9px 14px 10px}.card>.grid{gap:8px 24px}
.grid{grid-template-columns:1fr 1fr}.grid.narrow{grid-template-columns:1fr 1fr 1fr}
.figures{grid-template-columns:repeat(6,1fr)}
.raw.short{white-space:normal}td .raw{overflow-wrap:anywhere}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}
a{color:inherit;text-decoration:none}}`;

export const PAGE_STYLE = [COLOURS, PAGE, FIGURES, TABLES, CARDS, CHARTS, SCRIPTED, NARROW, PRINT].join('\n');
