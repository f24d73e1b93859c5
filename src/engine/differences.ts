import { setTimeout as delay } from "node:timers/promises";
import type { Key, KeyText } from "../postgres/key.ts";
import { type Sql, sql } from "../postgres/sql.ts";
import type { Reject } from "../store/rejects.ts";

/** Rows that the compared run has kept aside: nobody expects them to be done. */
export interface KnownRejects {
  readonly table: Sql;
  readonly run: bigint;
}

const settleMs = 100;

/** The condition that a row was kept aside by the run. */
export function knownReject({ table, run }: KnownRejects, key: Key): Sql {
  return sql`exists (
          select from ${table} as tidefill_reject
          where tidefill_reject.run_id = ${run}::bigint
            and tidefill_reject.key = array[${key.asTexts()}])`;
}

/** A difference as it is kept: by its key alone. */
export function note(key: KeyText): Reject {
  return { key, sqlstate: null, reason: "not what the job makes of it" };
}

/** Time for an application that writes a row and then what belongs to it. */
export async function settle(): Promise<void> {
  await delay(settleMs);
}
