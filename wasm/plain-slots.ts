// What the kernel of plain rows (plain-rows.ts) and the other side know each other by: slots, which are places in a table of places
// of arrays, numbers and flags, and what the numbers in those arrays mean. src/engine/kernel-slots.ts reads them by their names.

/** Columns of the rows at hand, and what becomes of each row: the number of its class. */
export const OP: i32 = 0;
export const PLAIN: i32 = 1;
export const FILE: i32 = 2;
export const TASK: i32 = 3;
export const FLAGS: i32 = 4;
export const OFFSET: i32 = 5;
export const LENGTH: i32 = 6;
export const ADDR: i32 = 7;
export const TIME: i32 = 8;
export const LATENCY: i32 = 9;
export const RESULT: i32 = 10;
export const MARKS: i32 = 11;
/** By task: lanes in which it is late. */
export const APART: i32 = 12;
/** By file. */
export const FIRST: i32 = 13;
export const DIRTY: i32 = 14;
export const OBSERVED: i32 = 15;
export const REGIME: i32 = 16;
export const REGION_START: i32 = 17;
export const REGION_SIZE: i32 = 18;
/** By version of a file: see src/engine/file-versions.ts. */
export const LANES: i32 = 19;
export const NEXT: i32 = 20;
export const SIZE: i32 = 21;
export const KNOWN: i32 = 22;
export const SEEN: i32 = 23;
export const DIVERGED: i32 = 24;
export const REMOVALS: i32 = 25;
export const CHANGED_NS: i32 = 26;
export const ALLOCATED: i32 = 27;
export const FROM: i32 = 28;
export const HEAD_AT: i32 = 29;
export const BITS_AT: i32 = 30;
export const BITS: i32 = 31;
export const ALONE: i32 = 32;
/** Bits of written blocks; answers of the lanes; where in these the parts of a regime are. */
export const WRITTEN: i32 = 33;
export const LETS: i32 = 34;
export const OPS_AT: i32 = 35;
export const SIMPLE_AT: i32 = 36;
export const SIMPLE_IF_CLEAN: i32 = 37;
export const NO_CASE: i32 = 38;
export const IF_CLEAN: i32 = 39;
export const COMMIT: i32 = 40;
export const REFUSE: i32 = 41;
/** Tables by op: its kind, as below; its case. By case: 1 where blocks are taken away. */
export const KINDS: i32 = 42;
export const CASE_OF: i32 = 43;
export const FREES: i32 = 44;
/** Cases by name, and the flag of a call that keeps the size. */
export const WRITE_WRITTEN: i32 = 45;
export const WRITE_UNWRITTEN: i32 = 46;
export const WRITE_HOLE: i32 = 47;
export const WRITE_PAST_EOF: i32 = 48;
export const WRITE_FAULT: i32 = 49;
export const TRUNCATE_DOWN: i32 = 50;
export const TRUNCATE_UP: i32 = 51;
export const TRUNCATE_SAME: i32 = 52;
export const KEEP_SIZE: i32 = 53;
/** Floating-point numbers: the last time and the one before which to stop, where regions begin and how far apart their rounds are. */
export const NUMBERS: i32 = 54;
export const LAST_NS: i32 = 0;
export const NEXT_NS: i32 = 1;
export const REGION_BASE: i32 = 2;
export const REGION_STRIDE: i32 = 3;
export const BIN_NS: i32 = 4;
/** When the last late row ran. */
export const NOW_NS: i32 = 5;
/** What a commit takes. */
export const COMMIT_NS: i32 = 6;
/** What is found out of each version before any is changed. */
export const SCRATCH: i32 = 55;
export const SCRATCH_WORDS: i32 = 7;
/** Counters (src/engine/plain-counts.ts, src/base/histograms.ts, src/engine/heat.ts): ops of a class; by class; by class and op. */
export const OP_COUNT: i32 = 56;
export const IS_COMPARED: i32 = 57;
export const TOLD: i32 = 58;
export const MEASURED: i32 = 59;
export const PLACES: i32 = 60;
export const COUNTS: i32 = 61;
export const TIMES: i32 = 62;
export const WHOLE: i32 = 63;
export const REST: i32 = 64;
export const LEAST: i32 = 65;
export const MOST: i32 = 66;
export const HEAT_PLACES: i32 = 67;
export const CELLS: i32 = 68;
/** Prices by op. */
export const FIXED_NS: i32 = 69;
export const NS_PER_BYTE: i32 = 70;
/** A result that the trace does not tell. */
export const UNKNOWN_RESULT: i32 = 71;
/** 1: the kernel has to stop behind the row at hand. */
export const STOPPED: i32 = 72;
/** One more column. */
export const OP_ID: i32 = 73;
/** By file: how often holds on it changed that plain operations are refused for. And the refusals that are known. */
export const EPOCHS: i32 = 74;
export const REFUSALS: i32 = 75;
/**
 * A refusal that is known: file + 1, task, op and case, lanes; epoch, signature, how many more there were. Two of them are a cache
 * line. One is looked for in the line of its file and task, and in one more, which a hash of all four names.
 */
export const REFUSAL_WORDS: i32 = 8;
export const REFUSAL_SLOTS_AT_MOST: i32 = 1 << 17;
/** Of these, bytes from the beginning. */
export const REFUSED_LANES: i32 = 12;
export const REFUSED_TIMES: i32 = 24;
/** Of one lane whose threads are late: they, its queue, and which rows are at hand. */
export const PENDING: i32 = 76;
export const BLOCKED: i32 = 77;
export const DUE_NS: i32 = 78;
export const LATE_NS: i32 = 79;
export const QUEUE: i32 = 80;
export const QUEUE_TIME: i32 = 81;
export const QUEUE_ORDER: i32 = 82;
export const QUEUE_WHAT: i32 = 83;
export const NEXT_OF_TASK: i32 = 84;
export const FROM_ROW: i32 = 85;
export const TO_ROW: i32 = 86;
/** In the queue: the row, or whatever else it goes by, of each thing; what a late thread is. */
export const QUEUE_ROW: i32 = 88;
export const THREAD: i32 = 87;
export const COMMIT_ALL: i32 = 89;
/** Flags of an extent that is not simply written; and whether no operation was refused, delayed or committed so far. */
export const NOT_WRITTEN: i32 = 90;
export const IS_FRESH: i32 = 91;
/** By opId: lanes in which it was refused, and in which it committed; how far apart they are, as a power of two: 0 or 2. */
export const DENIED_OPS: i32 = 92;
export const COMMITTED_OPS: i32 = 93;
export const FATE_SHIFT: i32 = 94;
/** By file: lanes that refused what the recording just did. */
export const INTERFERED: i32 = 95;
/** By lane: where it counts how often each file was made durable. */
export const COMMITS_OF: i32 = 96;
/** Classes of rows that are known (src/engine/row-classes.ts): lanes that went, signature, lanes that committed, number; by a hash. */
export const CLASSES: i32 = 97;
export const CLASS_WORDS: i32 = 4;
export const CLASS_SLOTS: i32 = 256;
/** By two signatures: that of both; 0 for not known yet. */
export const JOINED: i32 = 98;
export const SIGNATURES: i32 = 64;
/** Late rows that are not counted yet: which, and when each ran. */
export const LATE_ROWS: i32 = 99;
export const LATE_AT: i32 = 100;
export const LATE_ROOM: i32 = 1024;
export const QUEUE_SIZES: i32 = 101;
/** Bits by opId: operations of which somebody asks what became of them. */
export const FOLLOWED: i32 = 102;
/** A hash of 32 bits is shifted so far for the number of a line of known refusals. */
export const REFUSAL_SHIFT: i32 = 103;
export const SLOTS: i32 = 104;

/** What a run of late rows ends with: nothing is left to do up to that time; something else comes first; other rows are needed. */
export const DONE: i32 = 0;
export const ASKS: i32 = 1;
export const MOVES: i32 = 2;
/** Of a marked row: it was counted at another time than the trace says. */
export const COUNTED: i32 = 128;

/** Kinds of op: none of these; nothing has to be known; where the file ends; what the range holds; both; and what changes a map. */
export const OTHER: i32 = 0;
export const NOTHING: i32 = 1;
export const READS: i32 = 2;
export const STORES: i32 = 3;
export const WRITES: i32 = 4;
export const PUNCHES: i32 = 5;
export const ALLOCATES: i32 = 6;
export const TRUNCATES: i32 = 7;
/** An extent that was there at the beginning. */
export const EXTENTS_SEEN: i32 = 8;

const BLOCK: f64 = 4096;
const LAST_BLOCK: f64 = 2147483647;
/** Words that one row may take of the arena at most, by far. */
const SPARE: i32 = 1 << 15;
const NOBODY: i32 = -1;
const NOT: i32 = -1;

/** States of extents, and what a range holds; whatever is neither written nor unwritten is left to others. */
const IS_WRITTEN: i32 = 0;
const IS_UNWRITTEN: i32 = 1;
const WRITTEN_HERE: i32 = 1;
const UNWRITTEN_HERE: i32 = 2;
const HOLE_HERE: i32 = 4;
const OTHER_HERE: i32 = 64;
