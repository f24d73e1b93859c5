import { sql } from "../../postgres/sql/sql.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";
import { defineSignal, utilizationOf } from "../signal.ts";

/** How full the server's lock table may be. The application needs the rest, and fails without it. */
const mostTaken = 0.6;

/** A batch over many partitions takes a lock on each of them and on each of their indexes. */
export const lockTable = defineSignal({
  name: "lock table",
  everyMs: 1_000,
  async read(db: Queryable) {
    const { rows } = await db.query(sql`
      select pg_catalog.count(*) as taken,
        pg_catalog.current_setting('max_locks_per_transaction')::integer
          * (pg_catalog.current_setting('max_connections')::integer
            + pg_catalog.current_setting('max_prepared_transactions')::integer) as size
      from pg_catalog.pg_locks
      where not fastpath`);
    const [taken, size] = [Number(rows[0]?.taken ?? 0), Number(rows[0]?.size ?? 1)];
    const limit = Math.floor(size * mostTaken);
    const sign = taken >= limit ? ">" : "of at most";
    return {
      utilization: utilizationOf(taken, limit),
      reason: `${taken} ${sign} ${limit} locks are taken of ${size} (max_locks_per_transaction)`,
    };
  },
});
