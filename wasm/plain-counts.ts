// The kernel of plain rows: what src/engine/plain-counts.ts, src/base/histograms.ts and src/engine/heat.ts count.

/** Counts rows that went, after the maps had the caches to themselves. */
function count(first: i32, to: i32): void {
  const marks = slot(MARKS);
  const ops = slot(OP);
  const times = slot(TIME);
  for (let row = first; row < to; row++) {
    const number: i32 = load<u8>(marks + row);
    if (number === 0) continue;
    const nowNs = load<f64>(times + (row << 3));
    if (!countOne(row, number, load<u8>(ops + row), nowNs, 0)) countOther(row, number, nowNs);
  }
}

const UNIT_OF_REST: f64 = 1048576;
const TOO_LONG: f64 = 2147483648;
const HISTOGRAM_PAGES: i32 = 33;
const HISTOGRAM_PAGE: i32 = 1024;
const HEAT_BINS: i32 = 96;
const HEAT_LEVELS: i32 = 84;
const ROUNDING: f64 = 1e-12;

/** The last bin of the heat maps that was asked for, and the times that are in it without a doubt. */
let lastBin: i32 = 0;
let binFromNs: f64 = 0;
let binToNs: f64 = 0;

/** Most rows are in the bin of the row before: a division is as dear as all else that is counted of one. */
// @inline
function binAt(nowNs: f64): i32 {
  return nowNs > binFromNs && nowNs < binToNs ? lastBin : findBin(nowNs);
}

function findBin(nowNs: f64): i32 {
  const binNs = numberAt(BIN_NS);
  lastBin = <i32>min(<f64>HEAT_BINS - 1, Math.floor(nowNs / binNs));
  // Near its ends the division decides, as it is rounded.
  binFromNs = <f64>lastBin * binNs * (1 + ROUNDING);
  binToNs = lastBin === HEAT_BINS - 1 ? binFromNs : <f64>(lastBin + 1) * binNs * (1 - ROUNDING);
  return lastBin;
}

/** `moreNs`: what it took on top. False: these counters are not for it, and nothing happened. */
// @inline
function countOne(row: i32, number: i32, op: i32, nowNs: f64, moreNs: f64): bool {
  const at = number * slot(OP_COUNT) + op;
  const recordedNs = load<f64>(slot(LATENCY) + (row << 3));
  let ns = recordedNs;
  if (!(recordedNs >= 0)) {
    const bytes = load<u8>(slot(KINDS) + op) === TRUNCATES ? 0 : max(0, load<f64>(slot(LENGTH) + (row << 3)));
    ns = load<f64>(slot(FIXED_NS) + (op << 3)) + load<f64>(slot(NS_PER_BYTE) + (op << 3)) * bytes;
  }
  ns += moreNs;
  if (!(ns >= 0 && ns < TOO_LONG)) return false;
  if (load<u8>(slot(IS_COMPARED) + number) === 1 && load<i16>(slot(RESULT) + (row << 1)) !== slot(UNKNOWN_RESULT))
    addOne(slot(TOLD), at);
  if (recordedNs >= 0) addOne(slot(MEASURED), at);
  const value = <i32>ns;
  const drop = 21 - clz(value | 2047);
  const top = value >>> drop;
  const placeAt = at * HISTOGRAM_PAGES + drop + (top >>> 10);
  let place: i32 = load<u16>(slot(PLACES) + (placeAt << 1));
  if (place === 0) place = openPage(placeAt);
  const cell = slot(COUNTS) + (((place - 1) * HISTOGRAM_PAGE + (top & 1023)) << 2);
  store<i32>(cell, load<i32>(cell) + 1);
  addOne(slot(TIMES), at);
  const whole = slot(WHOLE) + (at << 3);
  store<f64>(whole, load<f64>(whole) + <f64>value);
  const left = ns - <f64>value;
  if (left !== 0) {
    const rest = slot(REST) + (at << 3);
    store<f64>(rest, load<f64>(rest) + rounded(left * UNIT_OF_REST));
  }
  const most = slot(MOST) + (at << 3);
  if (ns > load<f64>(most)) store<f64>(most, ns);
  const least = slot(LEAST) + (at << 3);
  if (ns < load<f64>(least)) store<f64>(least, ns);
  let heat: i32 = load<u16>(slot(HEAT_PLACES) + (at << 1));
  if (heat === 0) heat = openHeat(at);
  const heatCell = slot(CELLS) + ((((heat - 1) * HEAT_BINS + binAt(nowNs)) * HEAT_LEVELS + levelOf(ns, value)) << 2);
  store<i32>(heatCell, load<i32>(heatCell) + 1);
  return true;
}

// @inline
function addOne(cells: i32, at: i32): void {
  const cell = cells + (at << 3);
  store<f64>(cell, load<f64>(cell) + 1);
}

/** As `Math.round` has it. */
// @inline
function rounded(x: f64): f64 {
  const down = Math.floor(x);
  return x - down >= 0.5 ? down + 1 : down;
}

// @inline
function levelOf(ns: f64, value: i32): i32 {
  if (value === 0) return 0;
  const power = 31 - clz(value);
  return power === 0 ? i32(ns >= 1.5) : power * 2 + ((value >>> (power - 1)) & 1);
}
