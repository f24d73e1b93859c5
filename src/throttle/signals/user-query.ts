import type { Sql } from "../../postgres/sql/sql.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";
import { against } from "../amount.ts";
import { defineSignal, type Signal, SignalBlindError, utilizationOf } from "../signal.ts";

/** A number that a query of the user's answers, against a limit. */
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
      // Whichever row came first would be left to chance.
      if (rows.length > 1)
        throw new SignalBlindError(`the query "${name}" answered ${rows.length} rows, not one`);
      const [text] = Object.values(rows[0] ?? {});
      // `Number` takes a text of nothing for 0.
      const value = text == null || text.trim() === "" ? Number.NaN : Number(text);
      if (Number.isNaN(value)) throw new SignalBlindError(`the query "${name}" answered no number`);
      return {
        utilization: utilizationOf(value, max),
        reason: `${name} ${against(value, max, plain)}`,
      };
    },
  });
}

/** A number as it is read: at most two decimals. */
export function plain(value: number): string {
  return String(Math.round(value * 100) / 100);
}
