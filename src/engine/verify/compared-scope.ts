import { setTimeout as delay } from "node:timers/promises";
import { type Key, type KeyText, sameTexts } from "../../postgres/catalog/key.ts";
import { swallowedState } from "../../postgres/failure/failure.ts";
import { bracketed, join, raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import { toArrayText } from "../../postgres/sql/text-array.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import { nameOfPlace } from "../../source/listed-places.ts";
import type { OpenedTable } from "../../source/table/opened-table.ts";
import type { Reject } from "../../store/rejects/rejects.ts";
import type { KnownRejects } from "../batch/known-rejects.ts";

const settleMs = 100;

/** The condition that the run has rejected a row. */
function knownReject({ table, run }: KnownRejects, key: Key): Sql {
  return sql`exists (
          select from ${table} as tidefill_reject
          where tidefill_reject.run_id = ${run}::bigint
            and ${sameTexts(raw("tidefill_reject.key"), sql`array[${key.asTexts()}]`)}
            -- a verify must find swallowed writes
            and tidefill_reject.sqlstate is distinct from ${swallowedState})`;
}

/** The condition that a row is compared: it is `within`, in the job's scope, and not rejected. */
export function comparedScope(
  { definition: { where, filter }, key }: OpenedTable,
  within: Sql,
  shouldBeGone: boolean,
  rejects: KnownRejects | null,
): Sql {
  // A done row is compared, although no longer pending. A row that should be gone is compared while still in
  // scope.
  const scope = shouldBeGone ? filter : where;
  const conditions = [
    within,
    ...(scope === null ? [] : [bracketed(scope)]),
    ...(rejects === null ? [] : [sql`not ${knownReject(rejects, key)}`]),
  ];
  return join(conditions, " and ");
}

/** The keys that the run has not rejected. For rows of which only places are known. */
export async function notRejected(
  tx: Transaction,
  rejects: KnownRejects | null,
  keys: readonly KeyText[],
): Promise<KeyText[]> {
  if (rejects === null || keys.length === 0) return [...keys];
  const { rows } = await tx.query(sql`
    select pg_catalog.to_json(key) as key
    from ${rejects.table}
    where run_id = ${rejects.run}::bigint
      and sqlstate is distinct from ${swallowedState}
      and key in (
        select listed.key::text[]
        from pg_catalog.unnest(${keys.map(toArrayText)}::text[]) as listed(key))`);
  const known = new Set(rows.map(({ key }) => nameOfPlace(JSON.parse(key ?? "[]") as KeyText)));
  return keys.filter((key) => !known.has(nameOfPlace(key)));
}

/** A difference as it is stored: only its key. */
export function note(key: KeyText): Reject {
  return { key, sqlstate: null, reason: "not what the job makes of it" };
}

/** Gives an application time to finish a write of several rows that belong together. */
export async function settle(): Promise<void> {
  await delay(settleMs);
}
