export { ftraceText } from './ftrace-text.js';
export { ndjson } from './ndjson.js';
