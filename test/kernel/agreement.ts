// Replayed block maps against FIEMAP results, counted.
import * as costs from '../../src/costs/index.js';
import type { Trace } from '../../src/model/trace.js';
import { mapSnapshots } from '../../src/results/snapshots.js';
import { merged, policy, type Snapshot } from './recordings.js';

export interface Agreement {
  readonly snapshots: number;
  readonly same: number;
  readonly unknown: number;
  readonly wrong: readonly string[];
}

/** A replay of the trace against what FIEMAP said meanwhile. */
export function agreementOf(trace: Trace, truth: readonly Snapshot[]): Agreement {
  const times = [...new Set(truth.flatMap((s) => [s.fromNs, s.toNs]))];
  const report = mapSnapshots(trace, policy('recorded'), {
    atNs: times,
    costs: costs.reference,
    sealRule: 'explicit',
    unseal: 'never',
    kernel: policy('dax'),
  });
  let same = 0;
  let unknown = 0;
  const wrong: string[] = [];
  for (const s of truth) {
    // The call takes time: its begin or its end may be what it saw.
    const seen = report.snapshots
      .filter((x) => x.atNs === s.fromNs || x.atNs === s.toNs)
      .flatMap((x) => x.files.filter((f) => Number(f.inode) === s.inode));
    const known = seen.filter((f) => !f.uncertain);
    if (known.length === 0 && (seen.length > 0 || s.extents.length > 0)) unknown++;
    else if (
      known.length === 0 ||
      known.some(
        (f) =>
          JSON.stringify(merged(f.extents.map((e) => [e.offset, e.addr, e.length, e.state]))) ===
          JSON.stringify(s.extents),
      )
    )
      same++;
    else wrong.push(`inode ${s.inode} at ${s.fromNs}`);
  }
  return { snapshots: truth.length, same, unknown, wrong };
}
