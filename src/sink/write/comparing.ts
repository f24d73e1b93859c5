import type { Key } from "../../postgres/catalog/key.ts";
import { type Sql, sql } from "../../postgres/sql/sql.ts";
import type { OutgoingRow } from "./outgoing-row.ts";

/** A source as a verify reads it: one table, some of its rows. */
export interface ComparedRows {
  readonly from: Sql;
  /** addresses, and the job's `where` */
  readonly inScope: Sql;
}

/** Finds rows of an SQL job that are not as the job makes them. */
export interface SqlComparing {
  /** whether any row in scope should not be there any more */
  readonly shouldBeGone: boolean;
  /** A query for the column `key`, the source row's key as JSON, of each row that differs. */
  differences(rows: ComparedRows): Sql;
}

/** Finds rows of a row job that are not as the transform makes them. */
export interface RowComparing {
  /** columns of the source's table to be read beside those of the transform */
  readonly current: readonly string[];
  /**
   * A query for the column `place`, the place in `rows` of each row that differs. `current` are the texts of the columns above,
   * as they stood when the row was read.
   */
  differences(rows: readonly OutgoingRow[], current: readonly (readonly (string | null)[])[]): Sql;
  /** whether a row that the transform answers should not be there any more */
  readonly shouldBeGone: boolean;
}

/** What was deleted or moved must not be there: any row for which the transform would answer differs. */
export const answeredAreGone: RowComparing = {
  current: [],
  shouldBeGone: true,
  differences: () => {
    throw new Error("A row that should be gone has nothing to be compared with.");
  },
};

/** The same where all rows in scope were to go. */
export function scopeIsGone(key: Key): SqlComparing {
  return {
    shouldBeGone: true,
    differences: ({ from, inScope }) => sql`select pg_catalog.json_build_array(${key.asTexts()}) as key
      from ${from}
      where ${inScope}`,
  };
}
