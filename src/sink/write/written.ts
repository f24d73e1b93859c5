import { NotCommittedError } from "../../errors.ts";
import type { KeyText } from "../../postgres/catalog/key.ts";
import type { Sql } from "../../postgres/sql/sql.ts";
import type { Row, Transaction } from "../../postgres/transaction/database.ts";

/** What the write of one batch did. */
export interface Written {
  /** rows that were to be written; null where only written rows were counted */
  readonly incoming: number | null;
  /** rows that were updated, inserted or deleted */
  readonly written: number;
  /** rows that would not have changed, so they were left alone */
  readonly unchanged: number;
  /** rows that met another row with the same unique values */
  readonly conflicted: number;
  /** rows for which the job's `pending` is still true after they were written: the job is wrong */
  readonly stillPending: number;
  /** keys of source rows that are rejected, because what they became met another row */
  readonly refused: readonly KeyText[];
  /** rows whose write a trigger swallowed: PostgreSQL reported no error, but the row is not right */
  readonly swallowed: number;
  /** the keys of their source rows, as far as they are known */
  readonly swallowedKeys: readonly KeyText[];
  /** keys of rows that are no longer as they were read: they are left alone, and have to be read again */
  readonly changed: readonly KeyText[];
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
  changed: [],
};

/**
 * Runs a statement that returns one row of counts, named as in `Written` in snake case. `keyOf` converts what
 * the statement calls a source row into its key; by default that is the key as JSON.
 */
export async function countWritten(
  tx: Transaction,
  statement: Sql,
  keyOf: (source: unknown) => KeyText = (source) => source as KeyText,
): Promise<Written> {
  const { rows } = await tx.query(statement);
  const [row] = rows;
  // The whole batch is retried: then the row exists from the beginning.
  if (Number(row?.missed ?? 0) > 0)
    throw new NotCommittedError("another session inserted a row during its write");
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
    changed: [],
    refused: (JSON.parse(row.refused ?? "[]") as readonly unknown[]).map(keyOf),
  };
}
