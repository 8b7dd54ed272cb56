// The kernel of plain rows: those of threads that are late (src/engine/late-rows.ts), in the order of the queue of their lane.

/** Late rows of one lane, as long as each is simple enough: DONE, ASKS or MOVES. Rows before `counted` were counted in their time. */
export function runLate(at: i32, lane: i32, limitNs: f64, counted: i32): i32 {
  slots = at;
  stops = 0;
  const from = slot(FROM_ROW);
  const to = slot(TO_ROW);
  const items = slot(QUEUE_ITEM);
  const queue = slot(QUEUE);
  const whats = <f64>slot(WHATS);
  store<i32>(slot(STOPPED), 0);
  while (stops === 0) {
    closeUp(queue);
    if (load<f64>(queue) === 0) return DONE;
    const nowNs = load<f64>(slot(QUEUE_TIME));
    if (!(nowNs <= limitNs)) return DONE;
    const item = load<f64>(items);
    const task = <i32>(item / whats);
    if (<i32>(item - <f64>task * whats) !== slot(THREAD)) return ASKS;
    const pending = slot(PENDING) + (task << 2);
    const due = slot(DUE_NS) + (task << 3);
    const row = load<i32>(pending);
    if (row === NOBODY || load<u8>(slot(BLOCKED) + task) === 1 || load<f64>(due) !== nowNs) {
      takeOut(queue);
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
      if (!countOne(here, number, load<u8>(slot(OP) + here), nowNs, 0)) countOther(here, number, nowNs);
      store<u8>(mark, row >= counted ? number | COUNTED : number);
    }
    store<f64>(slot(NUMBERS) + (NOW_NS << 3), nowNs);
    store<i32>(pending, next);
    if (next === NOBODY) {
      takeOut(queue);
      continue;
    }
    const nextNs = max(nowNs, load<f64>(slot(TIME) + ((next - from) << 3)) + load<f64>(slot(LATE_NS) + (task << 3)));
    store<f64>(due, nextNs);
    // What is taken and what follows it cost one move down.
    const added = load<f64>(queue, 8);
    store<f64>(queue, added + 1, 8);
    sink(<i32>load<f64>(queue), nextNs, added, item);
    store<f64>(queue, load<f64>(slot(QUEUE_TIME)), 24);
  }
  store<i32>(slot(STOPPED), 1);
  return ASKS;
}

// --- the queue (src/engine/queue.ts): its size, how many were ever added, whether its first place is free, the time of the next thing

function closeUp(queue: i32): void {
  if (load<f64>(queue, 16) === 0) return;
  store<f64>(queue, 0, 16);
  const last = <i32>load<f64>(queue) - 1;
  store<f64>(queue, <f64>last);
  const at = last << 3;
  if (last > 0)
    sink(last, load<f64>(slot(QUEUE_TIME) + at), load<f64>(slot(QUEUE_ORDER) + at), load<f64>(slot(QUEUE_ITEM) + at));
}

function takeOut(queue: i32): void {
  const times = slot(QUEUE_TIME);
  const size = load<f64>(queue);
  store<f64>(queue, 1, 16);
  const nextNs =
    size === 1
      ? Infinity
      : size > 2 && load<f64>(times, 16) < load<f64>(times, 8)
        ? load<f64>(times, 16)
        : load<f64>(times, 8);
  store<f64>(queue, nextNs, 24);
}

function sink(size: i32, timeNs: f64, order: f64, item: f64): void {
  const times = slot(QUEUE_TIME);
  const orders = slot(QUEUE_ORDER);
  const items = slot(QUEUE_ITEM);
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
    store<f64>(items + (at << 3), load<f64>(items + (down << 3)));
    at = down;
  }
  store<f64>(times + (at << 3), timeNs);
  store<f64>(orders + (at << 3), order);
  store<f64>(items + (at << 3), item);
}

// @inline
function isBefore(times: i32, orders: i32, at: i32, timeNs: f64, order: f64): bool {
  const its = load<f64>(times + (at << 3));
  return its < timeNs || (its === timeNs && load<f64>(orders + (at << 3)) < order);
}
