/** The known word that a misspelt one may mean. */

/** Letters to insert, remove or replace, to get from one word to the other. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let k = 1; k <= b.length; k++) {
      const replaced = row[k - 1]! + (a[i - 1] === b[k - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[k]! + 1, next[k - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}

/** The closest of `known`, at most two letters or a third of the word away, without regard to case; null for none. */
export function nearest(word: string, known: readonly string[]): string | null {
  const limit = Math.min(2, Math.floor(word.length / 3));
  const rated = known.map((one) => ({ one, letters: distance(word.toLowerCase(), one.toLowerCase()) }));
  const best = rated.sort((a, b) => a.letters - b.letters)[0];
  return best !== undefined && best.letters <= limit ? best.one : null;
}
