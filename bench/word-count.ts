/**
 * Words of an essay in SQL, the same for every contestant that counts in SQL. The plain form,
 * `cardinality(regexp_split_to_array(trim(content), '\s+'))`, is one word off where an essay is empty, or
 * begins or ends with a tab or a line end: `trim` takes spaces only.
 */
export const wordCount = String.raw`coalesce(cardinality(regexp_split_to_array(nullif(btrim(content, e' \t\r\n'), ''), '\s+')), 0)`;

/** The same in JavaScript, for every contestant that counts in JavaScript. */
export function countWords(text: string): number {
  const trimmed = text.trim();
  return trimmed === "" ? 0 : trimmed.split(/\s+/).length;
}
