import { NotCommittedError } from "../../errors.ts";
import type { KeyText } from "../../postgres/catalog/key.ts";
import type { Sql } from "../../postgres/sql/sql.ts";
import type { Row, Transaction } from "../../postgres/transaction/database.ts";

/** What the write of one batch did. */
export interface Written {
  /** rows that came to be written; null where only those that were written were counted */
  readonly incoming: number | null;
  /** rows that were updated, inserted or deleted */
  readonly written: number;
  /** rows that would not have changed, and so were left alone */
  readonly unchanged: number;
  /** rows that met another one with the same values of a unique constraint */
  readonly conflicted: number;
  /** rows that the job's `pending` still finds although they were written: the job is wrong */
  readonly stillPending: number;
  /** keys of source rows that are rejected, since what they became met another row */
  readonly refused: readonly KeyText[];
  /** rows whose write a trigger swallowed: PostgreSQL reported no error, and the row is not as it should be */
  readonly swallowed: number;
  /** the keys of their source rows, as far as they can be told */
  readonly swallowedKeys: readonly KeyText[];
}

export const nothingWritten: Written = {
  incoming: null,
  written: 0,
  unchanged: 0,
  conflicted: 0,
  stillPending: 0,
  refused: [],
  swallowed: 0,
  swallowedKeys: [],
};

/**
 * Runs a statement that answers one row of counts, by the names of `Written` in snake case. `keyOf` makes a source row's key
 * out of what the statement calls it: the key as JSON unless told otherwise.
 */
export async function countWritten(
  tx: Transaction,
  statement: Sql,
  keyOf: (source: unknown) => KeyText = (source) => source as KeyText,
): Promise<Written> {
  const { rows } = await tx.query(statement);
  const [row] = rows;
  // The whole batch is tried again: then the row is there from the beginning.
  if (Number(row?.missed ?? 0) > 0) throw new NotCommittedError("a row that came in between");
  return row === undefined ? nothingWritten : toWritten(row, keyOf);
}

function toWritten(row: Row, keyOf: (source: unknown) => KeyText): Written {
  const count = (name: string): number => Number(row[name] ?? 0);
  return {
    incoming: row.incoming == null ? null : count("incoming"),
    written: count("written"),
    unchanged: count("unchanged"),
    conflicted: count("conflicted"),
    stillPending: count("still_pending"),
    swallowed: count("swallowed"),
    swallowedKeys: [],
    refused: (JSON.parse(row.refused ?? "[]") as readonly unknown[]).map(keyOf),
  };
}
