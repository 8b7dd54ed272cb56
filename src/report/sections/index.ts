// One line per section; `place` orders them.
export { account } from './account.js';
export { blockMaps } from './block-maps.js';
export { conflicts } from './conflicts.js';
export { crashes } from './crashes.js';
export { decisions } from './decisions.js';
export { differences } from './differences.js';
export { distributions } from './distributions.js';
export { hazards } from './hazards.js';
export { latency } from './latency.js';
export { matrix } from './matrix.js';
export { overTime } from './over-time.js';
export { quality } from './quality.js';
export { reproduce } from './reproduce.js';
export { seals } from './seals.js';
export { spending } from './spending.js';
export { tipping } from './tipping.js';
export { verdict } from './verdict.js';
