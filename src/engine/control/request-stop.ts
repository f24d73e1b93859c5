import { RefusedError } from "../../errors.ts";
import { raw, sql } from "../../postgres/sql/sql.ts";
import { isFinished } from "../../store/runs/run-status.ts";
import type { Session } from "../../store/session.ts";
import { type RunReport, readReport } from "../report/run-report.ts";

/** Who asked, where that is not the role and the user of the system that the audit names anyway. */
export type OnBehalfOf = { readonly actor?: string; readonly via?: "page" };

/**
 * Pauses or cancels a run. Its workers see the request at their next commit; without workers it takes effect
 * at once.
 * @throws RefusedError when the run is finished
 */
export async function requestStop(
  session: Session,
  name: string,
  wanted: "paused" | "cancelled",
  by: OnBehalfOf = {},
): Promise<RunReport> {
  const { db, store } = session;
  const { id, job } = await store.runs.require(db, name);
  await store.runs.settle(db, job);
  await db.transaction(async (tx) => {
    const run = await store.runs.lock(tx, id);
    if (isFinished(run.status)) {
      throw new RefusedError(
        "run-is-unfinished",
        `Run ${id} of ${run.job} has already ended (${run.status}).`,
        `tidefill status ${id}`,
      );
    }
    if (run.wanted === "cancelled" && wanted === "paused") {
      throw new RefusedError(
        "run-is-unfinished",
        `Run ${id} of ${run.job} is already being cancelled.`,
        `tidefill status ${id}`,
      );
    }
    const isAtWork = run.status === "running";
    // A failed run keeps its status and reason until it is resumed or cancelled.
    if (!isAtWork && wanted === "paused" && run.status === "failed") return;
    await store.runs.set(tx, id, {
      wanted: sql`${wanted}`,
      ...(isAtWork ? {} : { status: sql`${wanted}`, stop_reason: sql`${wanted}` }),
      ...(!isAtWork && wanted === "cancelled" ? { finished_at: raw("pg_catalog.clock_timestamp()") } : {}),
    });
    const action = wanted === "paused" ? "pause" : "cancel";
    await store.audit.record(tx, { action, job, run: id, details: by });
  });
  return readReport(session, await store.runs.get(db, id));
}
