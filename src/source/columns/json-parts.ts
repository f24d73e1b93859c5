/** A member of an object or an element of an array, with its value as written, so that no digit is lost. */
export interface JsonPart {
  /** empty for an element */
  readonly name: string;
  readonly raw: string;
}

/** Splits one level of an object or array into its parts. `text` must be valid JSON. */
export function jsonParts(text: string): readonly JsonPart[] {
  const parts: JsonPart[] = [];
  let name = "";
  let depth = 0;
  let start = text.search(/[[{]/) + 1;
  const end = (at: number): void => {
    const raw = text.slice(start, at).trim();
    if (raw !== "") parts.push({ name, raw });
    start = at + 1;
  };
  for (let at = start; at < text.length; at += 1) {
    const character = text[at];
    if (character === '"') at = endOfString(text, at);
    else if (character === "{" || character === "[") depth += 1;
    else if ((character === "}" || character === "]") && depth > 0) depth -= 1;
    else if (depth === 0 && character === ":") {
      name = JSON.parse(text.slice(start, at)) as string;
      start = at + 1;
    } else if (depth === 0 && (character === "," || character === "}" || character === "]")) end(at);
  }
  return parts;
}

/** The offset of the closing quote of the string that begins at `start`. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let escapes = 0;
    while (text[at - 1 - escapes] === "\\") escapes += 1;
    if (escapes % 2 === 0) return at;
  }
  return text.length;
}
