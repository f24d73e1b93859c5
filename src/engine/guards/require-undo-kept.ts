import { RefusedError } from "../../errors.ts";
import type { Step } from "../../job/steps/steps.ts";
import { sql } from "../../postgres/sql/sql.ts";
import { regclassOf } from "../../steps/statements/catalogue.ts";
import type { Session } from "../../store/session.ts";

/** Refuses to drop a table or column (of values or key) that the undo of a run needs. @throws RefusedError */
export async function requireUndoKept({ db, store }: Session, steps: readonly Step[]): Promise<void> {
  for (const step of steps) {
    if (step.kind !== "drop column" && step.kind !== "drop table") continue;
    const { rows } = await db.query(sql`
      select n.nspname, c.relname
      from pg_catalog.pg_class c
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where c.oid = pg_catalog.to_regclass(${regclassOf(step.table)})`);
    const [table] = rows;
    if (table === undefined) continue;
    for (const run of await store.runs.withUndoLog(db)) {
      const needs = run.undoParts.some(
        (part) =>
          part.schema === table.nspname &&
          part.table === table.relname &&
          (step.kind === "drop table" || [...part.values, ...(part.key ?? [])].includes(step.column)),
      );
      if (needs) throw needed(step, run.id, run.job);
    }
  }
}

function needed(step: Step, run: bigint, job: string): RefusedError {
  return new RefusedError(
    "no-undo-needs-it",
    `The step "${step.name}" would drop what an undo of run ${run} of ${job} needs. No step was done.`,
    `Keep it as long as that run may be undone. Afterwards: tidefill purge --undo-logs-only --older-than 0s`,
  );
}
