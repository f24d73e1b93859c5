import type { Queryable } from "../postgres/database.ts";
import type { Sql } from "../postgres/sql.ts";
import { against } from "./amount.ts";
import { type Reading, type Signal, SignalBlindError, strainOf } from "./signal.ts";

/** A number that a query of the user's answers, against a limit. */
export class UserQuery implements Signal {
  readonly name = "query";
  readonly everyMs = 2_000;
  readonly whenBlind = "hold";
  readonly #query: { readonly name: string; readonly query: Sql; readonly max: number };

  constructor(query: { readonly name: string; readonly query: Sql; readonly max: number }) {
    this.#query = query;
  }

  async read(db: Queryable): Promise<Reading> {
    const { name, query, max } = this.#query;
    const [row] = (await db.query(query)).rows;
    const [text] = Object.values(row ?? {});
    const value = text == null ? Number.NaN : Number(text);
    if (Number.isNaN(value)) throw new SignalBlindError(`the query "${name}" answered no number`);
    return {
      signal: this.name,
      strain: strainOf(value, max),
      reason: `${name} ${against(value, max, plain)}`,
    };
  }
}

/** A number as it is read: at most two decimals. */
export function plain(value: number): string {
  return String(Math.round(value * 100) / 100);
}
