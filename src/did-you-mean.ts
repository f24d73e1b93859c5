/** `Did you mean "count"? ` when one of the names is close to the word; otherwise the empty string. */
export function didYouMean(word: string, names: readonly string[]): string {
  const near = nearest(word, names);
  return near === null ? "" : `Did you mean "${near}"? `;
}

/** The name that differs from a word by a typo or two; null when none does. */
export function nearest(word: string, names: readonly string[]): string | null {
  const most = Math.max(1, Math.floor(word.length / 4));
  let best: { readonly name: string; readonly slips: number } | null = null;
  for (const name of names) {
    const slips = slipsBetween(plain(word), plain(name));
    if (slips <= most && slips < Math.max(word.length, name.length) && (best === null || slips < best.slips))
      best = { name, slips };
  }
  return best?.name ?? null;
}

/** `wordCount`, `word_count` and `Word-Count` are the same word to a person who types it. */
function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[-_ ]/g, "");
}

/** The edit distance: letters added, left out, replaced or swapped with a neighbour (Damerau–Levenshtein). */
function slipsBetween(left: string, right: string): number {
  const rows = [Array.from({ length: right.length + 1 }, (_, column) => column)];
  for (let row = 1; row <= left.length; row += 1) {
    const now = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const isSame = left[row - 1] === right[column - 1];
      const isSwapped = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      now.push(
        Math.min(
          (rows[row - 1]?.[column] ?? 0) + 1,
          (now[column - 1] ?? 0) + 1,
          (rows[row - 1]?.[column - 1] ?? 0) + (isSame ? 0 : 1),
          isSwapped ? (rows[row - 2]?.[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    rows.push(now);
  }
  return rows[left.length]?.[right.length] ?? 0;
}
