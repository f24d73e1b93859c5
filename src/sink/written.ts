import type { Transaction } from "../postgres/database.ts";
import { bracketed, type Sql, sql } from "../postgres/sql.ts";

export interface Written {
  readonly written: number;
  /** rows that the job's `pending` still finds although they were written: the job is wrong */
  readonly stillPending: number;
}

/** Runs an update and counts what it wrote; with `pending`, also the rows for which that is still true. */
export async function countWritten(tx: Transaction, update: Sql, pending: Sql | null): Promise<Written> {
  if (pending === null) {
    const { count } = await tx.query(update);
    return { written: count, stillPending: 0 };
  }
  const { rows } = await tx.query(withPendingCounted(update, pending));
  return { written: Number(rows[0]?.written ?? 0), stillPending: Number(rows[0]?.still_pending ?? 0) };
}

/** The update with a count of the rows that stay pending, so that no row ever comes to the client for it. */
export function withPendingCounted(update: Sql, pending: Sql): Sql {
  return sql`with written as (
      ${update}
      returning ${bracketed(pending)} is true as still_pending
    )
    select pg_catalog.count(*) as written,
      pg_catalog.count(*) filter (where still_pending) as still_pending
    from written`;
}
