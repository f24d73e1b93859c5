/**
 * C0, C1, line separators, and characters that change the direction of text; names in a database may hold any.
 */
export const control = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/** A text on one line without control characters: a line break reads `\n`. */
export function visible(text: string): string {
  return text.replaceAll(control, escaped);
}

/** How a control character is shown. */
export function escaped(character: string): string {
  if (character === "\n") return "\\n";
  return `\\u{${character.charCodeAt(0).toString(16)}}`;
}
