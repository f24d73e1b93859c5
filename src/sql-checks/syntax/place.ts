/** A place in a text; line and column count from 1, a column is a character. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** The place of an index into a JavaScript string. */
export function placeOf(text: string, index: number): Place {
  const lines = text.slice(0, index).split("\n");
  return { line: lines.length, column: [...(lines.at(-1) ?? "")].length + 1 };
}
