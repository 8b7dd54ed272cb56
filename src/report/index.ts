// The report room: a run becomes a Report (sections), a Report becomes a file (renderers).
export { buildReport } from './build.js';
export { buildComparison } from './comparison.js';
export type { Report, Section } from './model.js';
export * as folderRenderers from './render/folders.js';
export * as renderers from './render/index.js';
export type { FolderRenderer, OutFile, Renderer } from './render/renderer.js';
