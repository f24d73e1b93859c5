import { RefusedError, UsageError } from "../../errors.ts";
import { changePace, parsePaceChange, type RunPace } from "../../job/pace/pace.ts";
import { isAddress } from "../../postgres/connection/address.ts";
import { sql } from "../../postgres/sql/sql.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";
import { holderOf } from "../../store/runs/claim.ts";
import { isFinished } from "../../store/runs/run-status.ts";
import type { Session } from "../../store/session.ts";
import { signalNames } from "../../throttle/signal.ts";

/** What `tidefill set` answers. */
export interface PaceReport {
  readonly run: number;
  readonly job: string;
  /** what was said for this run; the job's own pace and tidefill's count for the rest */
  readonly pace: RunPace;
  /** workers that hear it at their next commit */
  readonly isAtWork: boolean;
  /** standbys among those that it minds which do not stream from here just now: they hold it until they do */
  readonly missing: readonly string[];
}

/**
 * Sets how fast a run may go: `["workers=2", "batch-time=100ms"]`. All its processes hear it within a batch; it stays with the
 * run when it is resumed. @throws UsageError, RefusedError when the run is finished
 */
export async function setPace(
  { db, store }: Session,
  name: string,
  words: readonly string[],
): Promise<PaceReport> {
  const change = parsePaceChange(words);
  requireIgnorable(change.ignore ?? []);
  const { id, job } = await store.runs.require(db, name);
  return db.transaction(async (tx) => {
    const run = await store.runs.lock(tx, id);
    // Its contract steps wait for their hours by it.
    const hasSteps =
      run.status === "succeeded" && (await holderOf(tx, store.schema, `steps of ${job}`)) !== null;
    if (isFinished(run.status) && !hasSteps) {
      throw new RefusedError(
        "run-is-unfinished",
        `Run ${id} of ${job} has ended already (${run.status}); its pace changes nothing any more.`,
        `tidefill status ${id}`,
      );
    }
    const pace = changePace(run.pace, change);
    await store.runs.set(tx, id, { pace: sql`${JSON.stringify(pace)}::jsonb` });
    await store.audit.record(tx, { action: "set", job, run: id, details: change });
    const missing = await missingStandbys(tx, change.replica ?? []);
    return { run: Number(id), job, pace, isAtWork: run.status === "running" || hasSteps, missing };
  });
}

/** A name that was mistyped holds the run as well as a standby that is down: whoever types it shall know. */
async function missingStandbys(db: Queryable, declared: readonly string[]): Promise<readonly string[]> {
  const { rows } = await db.query(sql`select application_name as name from pg_catalog.pg_stat_replication`);
  // To a role without pg_monitor they have no names.
  if (rows.some(({ name }) => name == null)) return [];
  return declared.filter((each) => !isAddress(each) && !rows.some(({ name }) => name === each));
}

/** What somebody sets or puts there ends in its own way. */
const ownWays = ["window", "stop file"];

function requireIgnorable(ignored: readonly string[]): void {
  const ignorable = signalNames.filter((name) => !ownWays.includes(name));
  const strange = ignored.find((name) => !ignorable.some((each) => each === name));
  if (strange === undefined) return;
  throw new UsageError(`"${strange}" is no signal that a run can ignore.`, {
    remedy: `There are ${ignorable.map((name) => name.replaceAll(" ", "-")).join(", ")}; a window is opened by "window=00:00-24:00 UTC", a stop file by removing it.`,
  });
}
