// What Perfetto's importer of Chrome trace JSON makes of a file, and what it would drop or complain about. After its source:
// src/trace_processor/importers/json (tokenizer, parser) and importers/common (slice_tracker, flow_tracker).

export interface ChromeEvent {
  readonly ph?: unknown;
  readonly name?: unknown;
  readonly cat?: unknown;
  readonly pid?: unknown;
  readonly tid?: unknown;
  readonly ts?: unknown;
  readonly dur?: unknown;
  readonly id?: unknown;
  readonly bp?: unknown;
  readonly s?: unknown;
  readonly args?: unknown;
}

interface Open {
  readonly event: ChromeEvent;
  readonly fromNs: number;
  /** -1: not ended yet. */
  readonly durNs: number;
}

export interface Imported {
  /** X and B events that got a place. */
  readonly slices: number;
  /** Arrows between two slices. */
  readonly flows: readonly (readonly [from: ChromeEvent, to: ChromeEvent])[];
  readonly named: { readonly processes: number; readonly threads: number };
  readonly faults: readonly string[];
}

/** µs to ns: a number with a fraction is cut off, not rounded. */
const nanos = (us: unknown): number =>
  typeof us === 'number' && Number.isFinite(us) ? Math.trunc(us * 1000) : Number.NaN;
const isId = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= 0 && Number(value) < 2 ** 32;
const PHASES = new Set(['X', 'B', 'E', 'i', 'I', 's', 't', 'f', 'M', 'C', 'b', 'e', 'n']);
const METADATA = new Set(['process_name', 'thread_name', 'process_sort_index', 'thread_sort_index', 'process_labels']);

export function importTrace(text: string): Imported {
  const parsed = JSON.parse(text) as { readonly traceEvents?: readonly ChromeEvent[] } | readonly ChromeEvent[];
  const events = 'traceEvents' in parsed ? (parsed.traceEvents ?? []) : (parsed as readonly ChromeEvent[]);
  const faults: string[] = [];
  const fault = (what: string, event: ChromeEvent): void => void faults.push(`${what}: ${JSON.stringify(event)}`);
  const tracks = new Map<string, Open[]>();
  const begun = new Map<string, ChromeEvent>();
  /** Ends of flows that wait for the next slice of their track. */
  const pending = new Map<Open[], ChromeEvent[]>();
  const flows: (readonly [ChromeEvent, ChromeEvent])[] = [];
  const named = { processes: 0, threads: 0 };
  let slices = 0;
  const stackOf = (event: ChromeEvent): Open[] => {
    const key = `${event.pid}/${event.tid}`;
    const known = tracks.get(key) ?? [];
    tracks.set(key, known);
    return known;
  };
  for (const event of events.filter((one) => one.ph === 'M')) {
    if (!METADATA.has(String(event.name))) fault('metadata_unknown', event);
    const { name } = (event.args ?? {}) as { readonly name?: unknown };
    if (event.name === 'process_name' && typeof name === 'string' && isId(event.pid)) named.processes++;
    else if (event.name === 'thread_name' && typeof name === 'string' && isId(event.tid)) named.threads++;
    else fault('metadata_incomplete', event);
  }
  for (const event of inOrder(events, fault)) {
    const stack = stackOf(event);
    const [at, lasts] = [nanos(event.ts), event.ph === 'X' ? nanos(event.dur) : -1];
    switch (event.ph) {
      case 'X':
        if (!(lasts >= 0)) fault('json_parser_failure', event);
        else if (settle(stack, at, lasts)) {
          stack.push({ event, fromNs: at, durNs: lasts });
          slices++;
          for (const from of pending.get(stack) ?? []) flows.push([from, event]);
          pending.delete(stack);
        } else fault('slice_drop_overlapping_complete_event', event);
        break;
      case 'B':
        settle(stack, at, -1);
        stack.push({ event, fromNs: at, durNs: -1 });
        slices++;
        break;
      case 'E': {
        settle(stack, at, -1);
        const top = stack.at(-1);
        const matches = top?.durNs === -1 && (event.name === undefined || event.name === top.event.name);
        if (matches) stack.pop();
        else fault('misplaced_end_event', event);
        break;
      }
      case 's':
      case 'f': {
        const top = stack.at(-1);
        const key = JSON.stringify([event.id, event.cat, event.name]);
        if (event.id === undefined) fault('flow_invalid_id', event);
        else if (event.ph === 'f' && event.bp !== 'e' && begun.has(key))
          pending.set(stack, [...(pending.get(stack) ?? []), begun.get(key)!]);
        else if (top === undefined || (top.durNs >= 0 && top.fromNs + top.durNs < at))
          fault('flow_no_enclosing_slice', event);
        else if (event.ph === 's' && begun.has(key)) fault('flow_duplicate_id', event);
        else if (event.ph === 's') begun.set(key, top.event);
        else if (begun.has(key)) flows.push([begun.get(key)!, top.event]);
        else fault('flow_end_without_start', event);
        break;
      }
      case 'i':
        if (!['g', 'p', 't', undefined].includes(event.s as string)) fault('json_parser_failure', event);
        break;
    }
  }
  for (const stack of tracks.values())
    for (const { event, durNs } of stack) if (durNs === -1) fault('never ended', event);
  return { slices, flows, named, faults };
}

/** By time, those of one time as they stand in the file. */
function inOrder(
  events: readonly ChromeEvent[],
  fault: (what: string, event: ChromeEvent) => void,
): readonly ChromeEvent[] {
  const timed = events.filter(({ ph }) => ph !== 'M');
  for (const event of timed) {
    if (typeof event.ph !== 'string' || !PHASES.has(event.ph)) fault('unknown phase', event);
    if (!(nanos(event.ts) >= 0)) fault('no time', event);
    if (!isId(event.pid) || !isId(event.tid)) fault('no process or thread', event);
    if (typeof event.name !== 'string' && event.ph !== 'E') fault('no name', event);
  }
  return timed
    .map((event, i) => ({ event, i, at: nanos(event.ts) }))
    .sort((a, b) => a.at - b.at || a.i - b.i)
    .map(({ event }) => event);
}

/** Pops what has ended; false when the new slice would cross one that has not. */
function settle(stack: Open[], at: number, lasts: number): boolean {
  while (stack.length > 0) {
    const { fromNs, durNs } = stack.at(-1)!;
    if (durNs === -1) return true;
    const end = fromNs + durNs;
    if (end < at || (end === at && !(durNs === 0 && lasts === 0))) stack.pop();
    else break;
  }
  return (
    lasts < 0 ||
    stack.every(({ fromNs, durNs }) => durNs === -1 || at + lasts <= fromNs + durNs || at >= fromNs + durNs)
  );
}
