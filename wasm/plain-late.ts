// The kernel of plain rows: those of threads that are late (src/engine/late-rows.ts), in the order of the queue of their lane.

/** Late rows that are not counted yet. */
let uncounted: i32 = 0;

/** Late rows of one lane, as long as each is simple enough: DONE, ASKS or MOVES. Rows before `counted` were counted in their time. */
export function runLate(at: i32, lane: i32, limitNs: f64, counted: i32): i32 {
  const end = goesLate(at, lane, limitNs, counted);
  countLate();
  return end;
}

/** Many at a time: what they are counted in would be lost to the caches from one row to the next. */
function countLate(): void {
  const rows = slot(LATE_ROWS);
  const times = slot(LATE_AT);
  for (let i = 0; i < uncounted; i++) {
    const row = load<i32>(rows + (i << 2));
    const nowNs = load<f64>(times + (i << 3));
    const number: i32 = load<u8>(slot(MARKS) + row) & ~COUNTED;
    if (!countOne(row, number, load<u8>(slot(OP) + row), nowNs, 0)) countOther(row, number, nowNs);
  }
  uncounted = 0;
}

function goesLate(at: i32, lane: i32, limitNs: f64, counted: i32): i32 {
  slots = at;
  stops = 0;
  const from = slot(FROM_ROW);
  const to = slot(TO_ROW);
  const queue = slot(QUEUE);
  const sizes = slot(QUEUE_SIZES);
  store<i32>(slot(STOPPED), 0);
  while (stops === 0) {
    closeUp(sizes);
    if (load<i32>(sizes) === 0) return DONE;
    const nowNs = load<f64>(slot(QUEUE_TIME));
    if (!(nowNs <= limitNs)) return DONE;
    if (load<i32>(slot(QUEUE_WHAT)) !== slot(THREAD)) return ASKS;
    const task = load<i32>(slot(QUEUE_ROW));
    const pending = slot(PENDING) + (task << 2);
    const due = slot(DUE_NS) + (task << 3);
    const row = load<i32>(pending);
    if (row === NOBODY || load<u8>(slot(BLOCKED) + task) === 1 || load<f64>(due) !== nowNs) {
      takeOut(queue, sizes);
      continue;
    }
    if (row < from || row >= to) return MOVES;
    const here = row - from;
    const next = load<i32>(slot(NEXT_OF_TASK) + (here << 2));
    if (next >= to) return MOVES;
    const mark = slot(MARKS) + here;
    if (load<u8>(slot(PLAIN) + here) !== 1 || load<f64>(slot(ADDR) + (here << 3)) >= 0 || load<u8>(mark) !== 0)
      return ASKS;
    const number = goes(here, lane, nowNs);
    if (number < 0) return ASKS;
    if (number > 0) {
      store<u8>(mark, row >= counted ? number | COUNTED : number);
      store<i32>(slot(LATE_ROWS) + (uncounted << 2), here);
      store<f64>(slot(LATE_AT) + (uncounted << 3), nowNs);
      if (++uncounted === LATE_ROOM) countLate();
    }
    store<f64>(slot(NUMBERS) + (NOW_NS << 3), nowNs);
    store<i32>(pending, next);
    if (next === NOBODY) {
      takeOut(queue, sizes);
      continue;
    }
    const nextNs = max(nowNs, load<f64>(slot(TIME) + ((next - from) << 3)) + load<f64>(slot(LATE_NS) + (task << 3)));
    store<f64>(due, nextNs);
    // What is taken and what follows it cost one move down.
    const added = load<f64>(queue);
    store<f64>(queue, added + 1);
    sink(load<i32>(sizes), nextNs, added, slot(THREAD), task);
    store<f64>(queue, load<f64>(slot(QUEUE_TIME)), 8);
  }
  store<i32>(slot(STOPPED), 1);
  return ASKS;
}

// --- the queue (src/engine/queue.ts): how many were ever added, the time of the next thing; its size, whether its first place is free

function closeUp(sizes: i32): void {
  if (load<i32>(sizes, 4) === 0) return;
  store<i32>(sizes, 0, 4);
  const last = load<i32>(sizes) - 1;
  store<i32>(sizes, last);
  if (last > 0)
    sink(
      last,
      load<f64>(slot(QUEUE_TIME) + (last << 3)),
      load<f64>(slot(QUEUE_ORDER) + (last << 3)),
      load<i32>(slot(QUEUE_WHAT) + (last << 2)),
      load<i32>(slot(QUEUE_ROW) + (last << 2)),
    );
}

function takeOut(queue: i32, sizes: i32): void {
  const times = slot(QUEUE_TIME);
  const size = load<i32>(sizes);
  store<i32>(sizes, 1, 4);
  const nextNs =
    size === 1
      ? Infinity
      : size > 2 && load<f64>(times, 16) < load<f64>(times, 8)
        ? load<f64>(times, 16)
        : load<f64>(times, 8);
  store<f64>(queue, nextNs, 8);
}

function sink(size: i32, timeNs: f64, order: f64, what: i32, row: i32): void {
  const times = slot(QUEUE_TIME);
  const orders = slot(QUEUE_ORDER);
  const whats = slot(QUEUE_WHAT);
  const rows = slot(QUEUE_ROW);
  let at = 0;
  while (true) {
    let down = 2 * at + 1;
    if (down >= size) break;
    if (
      down + 1 < size &&
      isBefore(times, orders, down + 1, load<f64>(times + (down << 3)), load<f64>(orders + (down << 3)))
    )
      down++;
    if (!isBefore(times, orders, down, timeNs, order)) break;
    store<f64>(times + (at << 3), load<f64>(times + (down << 3)));
    store<f64>(orders + (at << 3), load<f64>(orders + (down << 3)));
    store<i32>(whats + (at << 2), load<i32>(whats + (down << 2)));
    store<i32>(rows + (at << 2), load<i32>(rows + (down << 2)));
    at = down;
  }
  store<f64>(times + (at << 3), timeNs);
  store<f64>(orders + (at << 3), order);
  store<i32>(whats + (at << 2), what);
  store<i32>(rows + (at << 2), row);
}

// @inline
function isBefore(times: i32, orders: i32, at: i32, timeNs: f64, order: f64): bool {
  const its = load<f64>(times + (at << 3));
  return its < timeNs || (its === timeNs && load<f64>(orders + (at << 3)) < order);
}
