export { dax } from './dax.js';
export { mapdirect } from './mapdirect.js';
export { mapdirectLease } from './mapdirect-lease.js';
export { mapsyncPin } from './mapsync-pin.js';
export { odp } from './odp.js';
export { ondisk } from './ondisk.js';
export { pagecache } from './pagecache.js';
export { recorded } from './recorded.js';
