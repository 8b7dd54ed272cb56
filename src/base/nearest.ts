// What was most likely meant by a word that is not one of those expected.

/** The candidate that was most likely meant, if any is near. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const ranked = candidates
    .map((name) => ({ name, distance: distance(word, name) }))
    .filter((one) => one.distance <= Math.max(1, Math.floor(Math.max(word.length, one.name.length) / 3)))
    .sort((a, b) => a.distance - b.distance);
  return ranked[0]?.name;
}

/** Appended to a message: `; did you mean "x"?`, or nothing. */
export function suggestion(word: string, candidates: readonly string[], prefix = ''): string {
  const name = nearest(word, candidates);
  return name === undefined ? '' : `; did you mean "${prefix}${name}"?`;
}

/** Insertions, deletions and replacements from `a` to `b` (Levenshtein). */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 4) return 99;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
