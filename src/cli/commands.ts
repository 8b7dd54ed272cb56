// All commands there are: one line each.
import type { Command } from './command.js';

/** In the order of the help. Loaded when asked for: half of the time of a short run would go into commands it does not use. */
export const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  ingest: async () => (await import('./ingest.js')).ingest,
  inspect: async () => (await import('./inspect.js')).inspect,
  replay: async () => (await import('./replay.js')).replay,
  compare: async () => (await import('./compare.js')).compare,
  report: async () => (await import('./report.js')).report,
  check: async () => (await import('./check.js')).check,
  query: async () => (await import('./query.js')).query,
  map: async () => (await import('./map.js')).map,
  record: async () => (await import('./record.js')).record,
  synth: async () => (await import('./synth.js')).synth,
  model: async () => (await import('./model.js')).model,
  calibrate: async () => (await import('./calibrate.js')).calibrate,
  anonymize: async () => (await import('./anonymize.js')).anonymize,
  list: async () => (await import('./list.js')).list,
  completion: async () => (await import('./completion.js')).completion,
};
