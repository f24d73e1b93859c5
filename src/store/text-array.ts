import { parse } from "postgres-array";

/** A `text[]` as PostgreSQL prints it; null stays null. */
export function fromTextArray(text: string | null | undefined): readonly string[] | null {
  return text == null ? null : parse(text);
}

/** Texts as PostgreSQL writes a `text[]`, for arrays of arrays, which a parameter could not carry. */
export function toTextArray(texts: readonly string[]): string {
  return `{${texts.map((text) => `"${text.replace(/["\\]/g, "\\$&")}"`).join(",")}}`;
}
