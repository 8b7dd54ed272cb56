// `--costs`: a model that comes with sealtrace, one from a cost file, or what the trace itself measured.
import { readFileSync, statSync } from 'node:fs';
import { suggestion } from '../base/nearest.js';
import * as costRegistry from '../costs/index.js';
import { readCosts } from '../costs/read.js';
import { calibrate, calibrated } from '../fitting/calibrate.js';
import type { CostModel } from '../model/costs.js';
import { UserError } from '../model/issue.js';
import type { Trace } from '../model/trace.js';
import { shortName, traceName } from './load.js';
import { listed } from './options.js';

export const costModels: readonly CostModel[] = Object.values(costRegistry);

/** Prices of the trace's own measurements: known once it is read. */
const CALIBRATED = 'calibrated';
/** A cost file has some thirty prices. */
const LARGEST = 1 << 20;

export interface CostChoice {
  /** As it is said on the command line again. */
  readonly given: string;
  of(trace: Trace): CostModel;
}

export function costsGiven(given: string): CostChoice {
  const found = costModels.find((model) => model.name === given);
  if (found !== undefined) return { given, of: () => found };
  const { reference } = costRegistry;
  if (given === CALIBRATED)
    return { given, of: (trace) => calibrated(calibrate(trace.columns, traceName(trace), reference), reference) };
  const model = fromFile(given);
  return { given: shortName(given), of: () => model };
}

function fromFile(path: string): CostModel {
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  const names = [...costModels.map(({ name }) => name), CALIBRATED];
  if (size === undefined)
    throw new UserError(
      `--costs ${path}: no such file and no such cost model${suggestion(path, names)}; expected a JSON file (sealtrace calibrate TRACE -o costs.json) or ${listed(names)}`,
    );
  if (size > LARGEST) throw new UserError(`--costs ${path}: expected at most ${LARGEST} bytes, found ${size}`);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UserError(`--costs ${path}: cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  return readCosts(shortName(path), text, costModels);
}
