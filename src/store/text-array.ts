import { parse } from "postgres-array";

/** A `text[]` as PostgreSQL prints it; null stays null. */
export function fromTextArray(text: string | null | undefined): readonly string[] | null {
  return text == null ? null : parse(text);
}
