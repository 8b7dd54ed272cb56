// A run as plain tables: what is written as CSV and Arrow and asked by SQL. Times are ns of the trace's clock, durations ns,
// sizes bytes; -1 is "not known" or "has no end", as in the run itself.
import { VERDICTS } from '../model/policy.js';
import type { Conflict, LaneDetail, Run } from './types.js';

export type DataColumn =
  | { readonly kind: 'integer'; readonly name: string; readonly values: ArrayLike<number> }
  | { readonly kind: 'text'; readonly name: string; readonly values: readonly string[] }
  /** Few different words: `list[codes[row]]`. */
  | {
      readonly kind: 'word';
      readonly name: string;
      readonly codes: Uint8Array | Uint16Array;
      readonly list: readonly string[];
    };

export interface DataTable {
  readonly name: string;
  /** One line for people. */
  readonly title: string;
  readonly rows: number;
  readonly columns: readonly DataColumn[];
}

export const cellOf = (column: DataColumn, row: number): string | number =>
  column.kind === 'word' ? column.list[column.codes[row]!]! : column.values[row]!;

type Row = Readonly<Record<string, string | number | boolean>>;

/** A table from rows that all have the same keys; `empty` tells the columns of a table without rows. */
export function tableOf(name: string, title: string, rows: readonly Row[], empty: Row): DataTable {
  const columns = Object.entries(rows[0] ?? empty).map(([key, sample]): DataColumn => {
    if (typeof sample === 'string') return { kind: 'text', name: key, values: rows.map((row) => String(row[key])) };
    return { kind: 'integer', name: key, values: rows.map((row) => Math.round(Number(row[key]))) };
  });
  return { name, title, rows: rows.length, columns };
}

export function runTables(run: Run): DataTable[] {
  const { lanes, trace, settings } = run.report;
  return [
    tableOf('lanes', 'what each policy did', lanes.map(laneRow), {}),
    tableOf(
      'answers',
      'operations by policy, kind and verdict',
      lanes.flatMap(({ policy, byOp }) =>
        Object.entries(byOp).flatMap(([op, counts]) =>
          VERDICTS.map((verdict) => ({ policy, op, verdict, operations: counts[verdict] })),
        ),
      ),
      { policy: '', op: '', verdict: '', operations: 0 },
    ),
    tableOf(
      'refusals',
      'refusals by policy and errno',
      lanes.flatMap(({ policy, denied }) =>
        Object.entries(denied).map(([errno, refused]) => ({ policy, errno, refused })),
      ),
      { policy: '', errno: '', refused: 0 },
    ),
    tableOf(
      'latency',
      'latencies by policy and operation kind',
      lanes.flatMap(({ policy, latency }) =>
        Object.entries(latency).map(([op, l]) => ({
          policy,
          op,
          operations: l.count,
          mean_ns: l.meanNs,
          p50_ns: l.p50Ns,
          p90_ns: l.p90Ns,
          p99_ns: l.p99Ns,
          p999_ns: l.p999Ns,
          max_ns: l.maxNs,
        })),
      ),
      { policy: '', op: '', operations: 0 },
    ),
    ...detailTables(run.details),
    tableOf(
      'conflicts',
      'kinds of conflict, each with the first of its kind',
      run.details.flatMap(({ conflicts }) => conflicts.map(conflictRow)),
      { signature: '', policy: '', conflicts: 0 },
    ),
    tableOf(
      'hazards',
      'device accesses to what was no longer the file range',
      run.details.flatMap(({ hazards }) =>
        hazards.map((h) => ({
          policy: h.policy,
          time_ns: h.atNs,
          op: h.op,
          class: h.hazardClass,
          bytes: h.bytes,
          file: h.file,
          offset_bytes: h.offset,
          addr: h.addr,
          owner_now: h.ownerNow,
          device: h.device,
          stale_ns: h.staleForNs,
          source: h.evidence[0]?.source ?? '',
          line: h.evidence[0]?.row ?? 0,
        })),
      ),
      { policy: '', time_ns: 0, op: '', class: '', bytes: 0, file: '' },
    ),
    tableOf(
      'seals',
      'the life of every seal',
      run.details.flatMap(({ seals }) =>
        seals.map((s) => ({
          policy: s.policy,
          kind: s.kind,
          file: s.file,
          holder: s.holder,
          from_ns: s.fromNs,
          to_ns: s.toNs,
          ended_by: s.endedBy,
          holder_exit_ns: s.holderExitNs,
          orphaned: s.orphaned,
          survives_crash: s.survivesCrash,
          cost_ns: s.costNs,
          failure: s.failure,
        })),
      ),
      { policy: '', kind: '', file: '', holder: '', from_ns: 0, to_ns: 0 },
    ),
    holdTable(run.holds),
    tableOf(
      'sources',
      'what was read',
      trace.sources.map((s) => ({
        name: s.name,
        format: s.format,
        bytes: s.bytes,
        records: s.records,
        typed: s.typed,
        generic: s.generic,
        lost: s.lost.events,
        clock: s.clock,
        kernel: s.kernel,
      })),
      { name: '', format: '' },
    ),
    tableOf(
      'unplaced',
      'what could not be used, by cause',
      trace.unplaced.map((u) => ({ ...u })),
      { cause: '', count: 0 },
    ),
    tableOf(
      'prices',
      'prices of what the trace did not measure',
      run.prices.map((p) => ({
        step: p.step,
        fixed_ns: p.fixedNs,
        ns_per_mib: p.nsPerByte * 2 ** 20,
        class: p.basis,
        seen_elsewhere: p.range,
        source: p.from,
      })),
      { step: '', fixed_ns: 0 },
    ),
    tableOf(
      'decisions',
      'the decision table that ran',
      run.tables.map((t) => ({ policy: t.policy, operation_case: t.operationCase, unheld: t.unheld, held: t.held })),
      { policy: '', operation_case: '', unheld: '', held: '' },
    ),
    tableOf(
      'settings',
      'how the replay was set',
      Object.entries(settings).map(([key, value]) => ({ key, value })),
      { key: '', value: '' },
    ),
  ];
}

export const holdTable = (holds: Run['holds']): DataTable =>
  tableOf(
    'holds',
    'holds of the trace: mappings, pins, registrations, leases',
    holds.map((h) => ({
      kind: h.kind,
      file: h.file,
      holder: h.holder,
      from_ns: h.fromNs,
      to_ns: h.toNs,
      ended_by: h.endedBy,
      offset_bytes: h.offset,
      length_bytes: h.length,
      source: h.evidence[0]?.source ?? '',
      line: h.evidence[0]?.row ?? 0,
    })),
    { kind: '', file: '', holder: '', from_ns: 0, to_ns: 0 },
  );

const laneRow = (lane: Run['report']['lanes'][number]): Row => ({
  policy: lane.policy,
  title: lane.title,
  costs: lane.costs,
  operations: lane.operations,
  ...lane.verdicts,
  wait_ns: lane.wait.totalNs,
  max_wait_ns: lane.wait.maxNs,
  hazards: lane.hazards.count,
  hazard_bytes: lane.hazards.bytes,
  incoherent: lane.hazards.incoherent,
  incoherent_bytes: lane.hazards.incoherentBytes,
  hand_overs: lane.handOvers,
  seals_opened: lane.seals.opened,
  seals_left: lane.seals.aliveAtEnd,
  seals_orphaned: lane.seals.orphaned,
  seals_after_crash: lane.seals.leftAfterCrash,
  journal_commits: lane.journalCommits,
  device_refaults: lane.deviceRefaults,
  bounced: lane.bounced,
  diverged: lane.diverged,
  measured_ppm: lane.measuredShare * 1e6,
});

const conflictRow = (c: Conflict): Row => ({
  signature: c.signature,
  policy: c.policy,
  conflicts: c.count,
  time_ns: c.atNs,
  op: c.op,
  operation_case: c.operationCase,
  verdict: c.verdict,
  errno: c.errno,
  wait_ns: c.waitNs,
  max_wait_ns: c.maxWaitNs,
  total_wait_ns: c.totalWaitNs,
  wanter: c.wanter,
  holder: c.holder,
  hold: c.hold,
  hold_from_ns: c.holdFromNs,
  hold_to_ns: c.holdToNs,
  file: c.file,
  offset_bytes: c.offset,
  length_bytes: c.length,
  source: c.evidence[0]?.source ?? '',
  line: c.evidence[0]?.row ?? 0,
});

function detailTables(details: readonly LaneDetail[]): DataTable[] {
  return [
    tableOf(
      'histogram',
      'every latency bucket, by policy and operation kind',
      details.flatMap(({ policy, histograms }) =>
        Object.entries(histograms).flatMap(([op, { upperNs, counts }]) =>
          upperNs.map((upper_ns, i) => ({ policy, op, upper_ns, operations: counts[i]! })),
        ),
      ),
      { policy: '', op: '', upper_ns: 0, operations: 0 },
    ),
    tableOf(
      'spending',
      'what the time of an operation kind was spent on',
      details.flatMap(({ policy, components }) =>
        Object.entries(components).flatMap(([op, parts]) =>
          Object.entries(parts).map(([part, total_ns]) => ({ policy, op, part: part.replace(/Ns$/, ''), total_ns })),
        ),
      ),
      { policy: '', op: '', part: '', total_ns: 0 },
    ),
    tableOf(
      'over_time',
      'operations by policy, time bin and verdict',
      details.flatMap(({ policy, verdictsByTime }) =>
        verdictsByTime.flatMap((operations, i) => {
          const verdict = VERDICTS[i % VERDICTS.length]!;
          return operations === 0 ? [] : [{ policy, bin: Math.floor(i / VERDICTS.length), verdict, operations }];
        }),
      ),
      { policy: '', bin: 0, verdict: '', operations: 0 },
    ),
  ];
}
