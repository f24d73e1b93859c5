import { parse } from "postgres-array";

const textOid = 25;
const headerBytes = 20;

/**
 * Texts as the `text[]` of PostgreSQL's binary protocol (`array_recv`): quoting here and parsing there would
 * be most of the work of sending long texts.
 */
export function textArray(texts: readonly (string | null)[]): Buffer {
  const sizes = texts.map((text) => (text === null ? -1 : Buffer.byteLength(text)));
  const bytes = sizes.reduce((sum, size) => sum + 4 + Math.max(0, size), headerBytes);
  const array = Buffer.allocUnsafe(bytes);
  array.writeInt32BE(1, 0);
  array.writeInt32BE(sizes.includes(-1) ? 1 : 0, 4);
  array.writeInt32BE(textOid, 8);
  array.writeInt32BE(texts.length, 12);
  array.writeInt32BE(1, 16);
  let at = headerBytes;
  texts.forEach((text, index) => {
    at = array.writeInt32BE(sizes[index] ?? -1, at);
    if (text !== null) at += array.write(text, at);
  });
  return array;
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
