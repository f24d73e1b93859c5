import type { Key } from "../../postgres/catalog/key.ts";
import { type Sql, sql } from "../../postgres/sql/sql.ts";
import type { TextColumns } from "../../postgres/sql/text-columns.ts";
import type { OutgoingRows } from "./outgoing-rows.ts";

/** A source as a verify reads it: some rows of one table. */
export interface ComparedRows {
  readonly from: Sql;
  /** the addresses, and the job's `where` */
  readonly inScope: Sql;
}

/** Finds rows of an SQL job that differ from what the job makes. */
export interface SqlComparing {
  /** whether rows in scope should no longer exist */
  readonly shouldBeGone: boolean;
  /** A query for the column `key`, the source row's key as JSON, of each row that differs. */
  differences(rows: ComparedRows): Sql;
}

/** Finds rows of a row job that differ from what the transform makes. */
export interface RowComparing {
  /** columns of the source's table to be read besides those of the transform */
  readonly current: readonly string[];
  /**
   * A query for the column `place`, the place in `rows` of each row that differs. `current` are the texts of
   * the columns above as they were when the row was read.
   */
  differences(rows: OutgoingRows, current: TextColumns): Sql;
  /** whether a row for which the transform returns an answer should no longer exist */
  readonly shouldBeGone: boolean;
}

/** Deleted or moved rows must be gone: any row for which the transform would return an answer differs. */
export const answeredAreGone: RowComparing = {
  current: [],
  shouldBeGone: true,
  differences: () => {
    throw new Error("A row that should be gone has nothing to be compared with.");
  },
};

/** The same where all rows in scope should be gone. */
export function scopeIsGone(key: Key): SqlComparing {
  return {
    shouldBeGone: true,
    differences: ({ from, inScope }) => sql`select pg_catalog.json_build_array(${key.asTexts()}) as key
      from ${from}
      where ${inScope}`,
  };
}
