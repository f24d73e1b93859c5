import type { KeyText } from "../../postgres/catalog/key.ts";
import type { Sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";

import type { InsertedLookup } from "../conflict/inserted-lookup.ts";
import type { OnConflict } from "../definitions/on-conflict.ts";
import type { Written } from "./written.ts";

/** What the insert of a batch was given, and how its rows are found again. */
interface TriedInsert {
  /** the relation `incoming`, once more */
  readonly incoming: Sql;
  /** null where nothing unique is among the columns */
  readonly lookup: InsertedLookup | null;
  readonly conflict: OnConflict | null;
  readonly keyOf: (source: string) => KeyText;
}

/**
 * Of the rows that an insert was given and that are not in the table now, those that a trigger kept out: neither did they meet
 * another row, nor were they refused. `tried` is how many went to the table.
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
  // A trigger that alters what is unique makes rows look missing that are there under other values.
  if (named.length > tried - done.written) return done;
  const told = { ...done, swallowed: named.length, swallowedKeys: named };
  // Both were counted as what was not inserted.
  if (conflict?.do === "update")
    return {
      ...told,
      unchanged: done.unchanged - named.length,
      conflicted: done.conflicted - named.length,
    };
  if (conflict?.do === "nothing") return { ...told, conflicted: done.conflicted - named.length };
  const swallowed = tried - done.written;
  // A row whose unique values are null is never found again: then the names would be those of other rows.
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
