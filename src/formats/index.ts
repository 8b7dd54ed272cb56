export { bcc } from './bcc.js';
export { bpftrace } from './bpftrace.js';
export { ftraceText } from './ftrace-text.js';
export { ndjson } from './ndjson.js';
export { perfData } from './perf-data.js';
export { perfScript } from './perf-script.js';
export { strace } from './strace.js';
export { traceDat } from './trace-dat.js';
