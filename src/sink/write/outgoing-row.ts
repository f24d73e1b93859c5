import type { KeyText } from "../../postgres/catalog/key.ts";

/** One row to be written: the key of its source row, and the texts of the sink's columns. */
export interface OutgoingRow {
  readonly key: KeyText;
  readonly values: readonly (string | null)[];
}
