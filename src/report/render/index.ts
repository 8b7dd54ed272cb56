// One line per renderer; those that give several files stand in folders.ts.
export { html } from './html.js';
export { json } from './json.js';
export { md } from './md.js';
export { perfetto } from './perfetto.js';
