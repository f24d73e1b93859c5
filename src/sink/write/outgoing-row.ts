import type { KeyText } from "../../postgres/catalog/key.ts";

/** One row to be written: the key of its source row, and the texts of the sink's columns. */
export interface OutgoingRow {
  readonly key: KeyText;
  /** which version of its source row was read: its `ctid` and its `xmin`; empty where the row is locked */
  readonly version: readonly (string | null)[];
  readonly values: readonly (string | null)[];
}
