// Kinds of records in a perf.data (include/uapi/linux/perf_event.h, tools/perf/util/event.h); those from `attr` on perf writes itself.

export const Kind = {
  mmap: 1,
  lost: 2,
  comm: 3,
  exit: 4,
  fork: 7,
  sample: 9,
  mmap2: 10,
  lostSamples: 13,
  attr: 64,
  tracingData: 66,
  finishedRound: 68,
  auxtrace: 71,
  feature: 80,
  compressed: 81,
  compressed2: 83,
  /** None of perf's: a sample that the one before was as well, to the last byte. */
  again: 1 << 16,
} as const;
