import { parse } from "postgres-array";

const textOid = 25;
const headerBytes = 20;

/**
 * Texts as the `text[]` of PostgreSQL's binary protocol (`array_recv`): quoting here and parsing there would
 * be most of the work of sending long texts.
 */
export function textArray(texts: readonly (string | null)[]): Buffer {
  const array = Buffer.allocUnsafe(texts.reduce((sum, text) => sum + 4 + mostBytes(text), headerBytes));
  let hasNull = 0;
  let at = headerBytes;
  for (const text of texts) {
    const begin = at + 4;
    const end = text === null ? begin : writeText(array, text, begin);
    if (text === null) hasNull = 1;
    array.writeInt32BE(text === null ? -1 : end - begin, at);
    at = end;
  }
  array.writeInt32BE(1, 0);
  array.writeInt32BE(hasNull, 4);
  array.writeInt32BE(textOid, 8);
  array.writeInt32BE(texts.length, 12);
  array.writeInt32BE(1, 16);
  return array.subarray(0, at);
}

/** Up to this length Node's own functions take longer to call than to work. */
const shortLength = 24;

/** An upper bound of the bytes of a text: each unit of its length takes at most three. */
function mostBytes(text: string | null): number {
  if (text === null) return 0;
  return text.length <= shortLength ? 3 * text.length : Buffer.byteLength(text);
}

/** Writes a text at a place, and returns the place after it. */
function writeText(array: Buffer, text: string, place: number): number {
  if (text.length > shortLength) return place + array.write(text, place);
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code > 127) return place + array.write(text, place);
    array[place + index] = code;
  }
  return place + text.length;
}

/** A `text[]` as PostgreSQL prints it; null stays null. */
export function fromTextArray(text: string | null | undefined): readonly string[] | null {
  return text == null ? null : parse(text);
}

/** The elements of a PostgreSQL array as texts, with the same nesting. */
export type ArrayElements = readonly (string | null | ArrayElements)[];

/** An array in PostgreSQL's text form, also for nested arrays, which a parameter could not carry. */
export function toArrayText(elements: ArrayElements): string {
  const texts = elements.map((element) => {
    if (element === null) return "NULL";
    return typeof element === "string" ? `"${element.replace(/["\\]/g, "\\$&")}"` : toArrayText(element);
  });
  return `{${texts.join(",")}}`;
}
