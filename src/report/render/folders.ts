// Renderers that give a folder of files, one line each.
export { csv } from './csv.js';
