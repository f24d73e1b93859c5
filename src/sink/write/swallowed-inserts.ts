import type { KeyText } from "../../postgres/catalog/key.ts";
import type { Sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";

import type { InsertedLookup } from "../conflict/inserted-lookup.ts";
import type { OnConflict } from "../definitions/on-conflict.ts";
import type { Written } from "./written.ts";

/** The insert of a batch, and how its rows are found again. */
interface TriedInsert {
  /** the relation `incoming`, for a second query */
  readonly incoming: Sql;
  /** null where no unique values are among the columns */
  readonly lookup: InsertedLookup | null;
  readonly conflict: OnConflict | null;
  readonly keyOf: (source: string) => KeyText;
}

/**
 * Adds the rows that a trigger kept out of the table: those that are missing from it although they met no
 * other row and were not refused. `tried` is how many rows were sent to the table.
 */
export async function withSwallowedInserts(
  tx: Transaction,
  done: Written,
  tried: number,
  { incoming, lookup, conflict, keyOf }: TriedInsert,
): Promise<Written> {
  if (tried <= done.written) return done;
  const refused = new Set(done.refused.map((key) => JSON.stringify(key)));
  const missing = lookup === null ? [] : await readMissing(tx, lookup, incoming, keyOf);
  const named = missing.filter((key) => !refused.has(JSON.stringify(key)));
  // A trigger that alters unique values makes rows look missing that exist under other values.
  if (named.length > tried - done.written) return done;
  const told = { ...done, swallowed: named.length, swallowedKeys: named };
  // The statement counted them among the rows that were not inserted.
  if (conflict?.do === "update")
    return {
      ...told,
      unchanged: done.unchanged - named.length,
      conflicted: done.conflicted - named.length,
    };
  if (conflict?.do === "nothing") return { ...told, conflicted: done.conflicted - named.length };
  const swallowed = tried - done.written;
  // A row with null unique values is never found again, so the names would include wrong rows.
  return { ...done, swallowed, swallowedKeys: named.length === swallowed ? named : [] };
}

async function readMissing(
  tx: Transaction,
  lookup: InsertedLookup,
  incoming: Sql,
  keyOf: TriedInsert["keyOf"],
): Promise<KeyText[]> {
  const { rows } = await tx.query(lookup.missing(incoming, "source", true));
  const keys = rows.map(({ source }) => keyOf(source ?? "[]"));
  return [...new Map(keys.map((key) => [JSON.stringify(key), key])).values()];
}
