import { raw, sql } from "../../postgres/sql/sql.ts";
import type { Run } from "../../store/runs/run.ts";
import { isFinished, type RunStatus, type StopReason } from "../../store/runs/run-status.ts";
import type { Session } from "../../store/session.ts";
import type { StopRequest } from "../loop/stop-signal.ts";
import { describeStop } from "../report/describe-stop.ts";

/** The status of a run whose last process leaves for this reason. */
export const statusAfter: Readonly<Record<StopReason, RunStatus>> = {
  finished: "succeeded",
  paused: "paused",
  cancelled: "cancelled",
  signal: "interrupted",
  vanished: "interrupted",
  window: "interrupted",
  until: "interrupted",
  canary: "paused",
  "no-progress": "interrupted",
  "reject-limit": "failed",
  swallowed: "failed",
  error: "failed",
};

/** Takes a process off a run. The last one to leave sets the run's status. */
export async function leaveRun(
  { db, store }: Session,
  id: bigint,
  process: string,
  request: StopRequest | null,
): Promise<void> {
  await db.transaction(
    async (tx) => {
      const run = await store.runs.lock(tx, id);
      await store.workers.leave(tx, process);
      if (isFinished(run.status) || request === null) return;
      const others = await store.workers.others(tx, id, process);
      const why = request.reason === "reject-limit" ? await store.rejects.commonest(tx, id) : null;
      if (others > 0) {
        // The other processes would fail too, so ask them to stop. The last of them finds the reason in the
        // run.
        if (statusAfter[request.reason] === "failed") {
          await store.runs.set(tx, id, { wanted: raw("'paused'"), ...because(request, why) });
        }
        return;
      }
      const earlier = earlierFailure(run);
      // An operator's request outranks the reason why this process stopped.
      const reason = run.wanted === "running" ? request.reason : run.wanted;
      const status = earlier === null ? statusAfter[reason] : "failed";
      await store.runs.set(tx, id, {
        status: sql`${status}`,
        ...(earlier === null ? because({ ...request, reason }, why) : {}),
        ...(isFinished(status) ? { finished_at: raw("pg_catalog.clock_timestamp()") } : {}),
      });
    },
    { mayBeForgotten: true },
  );
}

// The reason of a process that failed while other processes were still at work.
function earlierFailure({ stopReason }: Run): StopReason | null {
  return stopReason === "error" || stopReason === "reject-limit" || stopReason === "swallowed"
    ? stopReason
    : null;
}

function because(request: StopRequest, why: string | null) {
  const message = request.error === undefined ? why : describeStop(request.error);
  return { stop_reason: sql`${request.reason}`, message: sql`${message}` };
}
