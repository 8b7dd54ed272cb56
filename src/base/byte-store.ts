// Where bytes go that are needed again later and may be more than memory holds.

export interface ByteStore {
  /** Keeps a copy; returns its place. */
  put(bytes: Uint8Array): number;
  /** Bytes that were put in one piece from `place` on, or a part of them, in `into`. */
  get(place: number, into: Uint8Array): void;
  /** Over bytes that were put in one piece. */
  replace(place: number, bytes: Uint8Array): void;
}
