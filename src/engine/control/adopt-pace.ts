import { changePace, type RunPace } from "../../job/pace/pace.ts";
import { sql } from "../../postgres/sql/sql.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";
import type { Run } from "../../store/runs/run.ts";
import type { Store } from "../../store/store.ts";
import { paceOf } from "../options/pace-of.ts";
import type { PaceOptions } from "../options/work-options.ts";

/**
 * Adopts the pace given with a resume for the whole run. Standbys are added to those already declared, since
 * dropping one would go unnoticed.
 */
export async function adoptPace(
  db: Queryable,
  store: Store,
  run: Run,
  options: PaceOptions,
): Promise<RunPace> {
  const asked = paceOf(options);
  if (Object.keys(asked).length === 0) return asked;
  const before = run.pace;
  const replica = [...new Set([...(before.replica ?? []), ...(asked.replica ?? [])])];
  const pace = changePace(before, { ...asked, ...(replica.length === 0 ? {} : { replica }) });
  await store.runs.set(db, run.id, { pace: sql`${JSON.stringify(pace)}::jsonb` });
  return asked;
}
