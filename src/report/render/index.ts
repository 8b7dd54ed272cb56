// One line per renderer.
export { html } from './html.js';
export { json } from './json.js';
