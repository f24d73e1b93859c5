import type { KeyText } from "../../postgres/catalog/key.ts";

/** One row on its way into a table: the key of the row that it was made of, and the texts of the sink's columns. */
export interface OutgoingRow {
  readonly key: KeyText;
  readonly values: readonly (string | null)[];
}
