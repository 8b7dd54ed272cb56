// The page reads without this script; with it one can choose, filter, compare, copy and link to what one sees.
import { startBrush } from './brush.ts';
import { startByOperation } from './by-operation.ts';
import { startCopy } from './copy.ts';
import { startDiff } from './diff.ts';
import { startFilter } from './filter.ts';
import { startRange } from './in-range.ts';
import { addAnchors, startLinks } from './links.ts';
import { follow } from './state.ts';

document.documentElement.classList.add('scripted');
follow();
startFilter();
startBrush();
startDiff();
startCopy();
addAnchors();
startLinks();
// Canvases last: everything else answers before they are drawn.
requestAnimationFrame(() => {
  startRange();
  startByOperation();
  performance.mark('ready');
  document.documentElement.dataset.ready = 'yes';
});
