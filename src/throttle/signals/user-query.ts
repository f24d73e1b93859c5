import type { Sql } from "../../postgres/sql/sql.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";
import { against } from "../amount.ts";
import { defineSignal, type Signal, SignalBlindError, utilizationOf } from "../signal.ts";

/** The number that a user's query returns, against a limit. */
export function userQuery({
  name,
  query,
  max,
}: {
  readonly name: string;
  readonly query: Sql;
  readonly max: number;
}): Signal {
  return defineSignal({
    name: "query",
    everyMs: 2_000,
    onError: "hold",
    async read(db: Queryable) {
      const { rows } = await db.query(query);
      // Which row comes first would be arbitrary.
      if (rows.length > 1)
        throw new SignalBlindError(`the query "${name}" returned ${rows.length} rows, not one`);
      const [text] = Object.values(rows[0] ?? {});
      // `Number` reads an empty text as 0.
      const value = text == null || text.trim() === "" ? Number.NaN : Number(text);
      if (Number.isNaN(value)) throw new SignalBlindError(`the query "${name}" returned no number`);
      return {
        utilization: utilizationOf(value, max),
        reason: `${name} ${against(value, max, plain)}`,
      };
    },
  });
}

/** A number with at most two decimals. */
export function plain(value: number): string {
  return String(Math.round(value * 100) / 100);
}
