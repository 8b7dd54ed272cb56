// Where another policy becomes the cheapest. Every cost is a straight line over the one thing that changes, so the answer is the
// lower edge of all lines: exact, not searched for.

export interface CostLine {
  /** Policies with the same line. */
  readonly names: readonly string[];
  /** ns where x is 0. */
  readonly fixedNs: number;
  /** ns for each x more. */
  readonly perX: number;
}

export interface Tip {
  readonly x: number;
  readonly below: CostLine;
  readonly above: CostLine;
}

export interface Edge {
  /** The cheapest at 0. */
  readonly first: CostLine;
  /** Rising. */
  readonly tips: readonly Tip[];
}

/** The cheapest line for every x from 0 up; null where there is none. */
export const lowerEdge = (all: readonly CostLine[]): Edge | null => {
  const lines = merged(all);
  const first = [...lines].sort((a, b) => a.fixedNs - b.fixedNs || a.perX - b.perX)[0];
  if (first === undefined) return null;
  const tips: Tip[] = [];
  for (let below = first; ; ) {
    const next = lines
      .filter(({ perX }) => perX < below.perX)
      .map((above) => ({ x: (above.fixedNs - below.fixedNs) / (below.perX - above.perX), below, above }))
      .sort((a, b) => a.x - b.x || a.above.perX - b.above.perX)[0];
    if (next === undefined) return { first, tips };
    tips.push(next);
    below = next.above;
  }
};

const merged = (all: readonly CostLine[]): readonly CostLine[] => {
  const lines = new Map<string, CostLine>();
  for (const line of all) {
    const key = `${line.fixedNs} ${line.perX}`;
    lines.set(key, { ...line, names: [...(lines.get(key)?.names ?? []), ...line.names] });
  }
  return [...lines.values()];
};
