/** Which known name a misspelt one was meant to be. */

/** The known name that the fewest edits away; null where none is near enough to be meant. */
export function nearest(name: string, known: readonly string[]): string | null {
  const bare = (text: string): string => text.replace(/^KALENDS_/, '');
  const scored = known.map((candidate) => ({ candidate, edits: editsBetween(bare(name), bare(candidate)) }));
  const best = scored.sort((a, b) => a.edits - b.edits)[0];
  return best !== undefined && best.edits <= Math.max(2, bare(best.candidate).length / 2) ? best.candidate : null;
}

/** Levenshtein distance. */
function editsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, k) => k);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let k = 1; k <= b.length; k += 1) {
      const swap = (row[k - 1] ?? 0) + (a[i - 1] === b[k - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[k] ?? 0) + 1, (next[k - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
