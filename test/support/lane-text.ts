// A lane's result as text, every number of it: two results are the same when their texts are.
import { Histogram } from '../../src/base/histogram.js';
import { Answers } from '../../src/engine/answers.js';
import type { LaneResult } from '../../src/engine/result.js';

export const laneText = (result: LaneResult): string => JSON.stringify(result, plain);

function plain(_key: string, value: unknown): unknown {
  if (value instanceof Map) return [...value];
  if (value instanceof Answers) return answered(value);
  if (value instanceof Histogram) {
    const buckets: number[] = [];
    value.forEach((upperNs, count) => {
      buckets.push(upperNs, count);
    });
    const { count, sum, min, max } = value;
    return { count, sum, min, max, buckets };
  }
  if (ArrayBuffer.isView(value)) return filled(value as unknown as ArrayLike<number>);
  return value;
}

/** How many rows, and row, verdict and errno of those that were answered. */
function answered(answers: Answers): readonly number[] {
  const found: number[] = [answers.rows];
  for (let row = 0; row < answers.rows; row++)
    if (answers.verdictAt(row) !== 0) found.push(row, answers.verdictAt(row), answers.errnoAt(row));
  return found;
}

/** Length, and place and value of what is not 0: most counters are. */
function filled(values: ArrayLike<number>): readonly number[] {
  const found: number[] = [values.length];
  for (let i = 0; i < values.length; i++) if (values[i] !== 0) found.push(i, values[i]!);
  return found;
}
