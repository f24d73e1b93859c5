import { RefusedError, UsageError } from "../../errors.ts";
import { changePace, parsePaceChange, type RunPace } from "../../job/pace/pace.ts";
import { isAddress } from "../../postgres/connection/address.ts";
import { sql } from "../../postgres/sql/sql.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";
import { holderOf } from "../../store/runs/claim.ts";
import type { Run } from "../../store/runs/run.ts";
import { isFinished } from "../../store/runs/run-status.ts";
import type { Session } from "../../store/session.ts";
import { signalNames } from "../../throttle/signal.ts";
import type { OnBehalfOf } from "./request-stop.ts";

/** What `tidefill set` reports. */
export interface PaceReport {
  readonly run: number;
  readonly job: string;
  /** the pace set for this run; the rest comes from the job, or from tidefill's defaults */
  readonly pace: RunPace;
  /** whether workers adopt it at their next commit */
  readonly isAtWork: boolean;
  /** declared standbys that do not stream from here now; each holds the run until it does */
  readonly missing: readonly string[];
}

/**
 * Sets how fast a run may go: `["workers=2", "batch-time=100ms"]`. All its processes adopt it within a batch,
 * and a resumed run keeps it. @throws UsageError, RefusedError when the run is finished
 */
export async function setPace(
  { db, store }: Session,
  name: string,
  words: readonly string[],
  by: OnBehalfOf = {},
): Promise<PaceReport> {
  const change = parsePaceChange(words);
  requireIgnorable(change.ignore ?? []);
  const { id, job } = await store.runs.require(db, name);
  return db.transaction(async (tx) => {
    const run = await store.runs.lock(tx, id);
    // Contract steps of a finished run still wait for the window of its pace.
    const hasSteps =
      run.status === "succeeded" && (await holderOf(tx, store.schema, `steps of ${job}`)) !== null;
    if (isFinished(run.status) && !hasSteps) {
      throw new RefusedError(
        "run-is-unfinished",
        `Run ${id} of ${job} has already ended (${run.status}), so its pace no longer matters.`,
        `tidefill status ${id}`,
      );
    }
    requireCalls(run, change);
    const pace = changePace(run.pace, change);
    // Turns that were taken at an earlier rate may be far away, and so may be a wait.
    const turns = "callsPerSecond" in change ? { calls_next: sql`null`, calls_after: sql`null` } : {};
    await store.runs.set(tx, id, { pace: sql`${JSON.stringify(pace)}::jsonb`, ...turns });
    await store.audit.record(tx, { action: "set", job, run: id, details: { ...change, ...by } });
    const missing = await missingStandbys(tx, change.replica ?? []);
    return { run: Number(id), job, pace, isAtWork: run.status === "running" || hasSteps, missing };
  });
}

/** @throws UsageError for a limit of calls where the job of the run makes none */
function requireCalls({ id, job, answers }: Run, change: object): void {
  if (answers !== "none" || !("callsAtOnce" in change || "callsPerSecond" in change)) return;
  throw new UsageError(`Run ${id} of ${job} asks no other system: its job has no \`calls\`.`, {
    remedy: `To slow it down: tidefill set ${id} rows-per-second=100`,
  });
}

/** A mistyped name holds the run just like a standby that is down, so report it to the operator. */
async function missingStandbys(db: Queryable, declared: readonly string[]): Promise<readonly string[]> {
  const { rows } = await db.query(sql`select application_name as name from pg_catalog.pg_stat_replication`);
  // A role without pg_monitor sees no names.
  if (rows.some(({ name }) => name == null)) return [];
  return declared.filter((each) => !isAddress(each) && !rows.some(({ name }) => name === each));
}

/** An operator ends these signals directly, so no run may ignore them. */
const ownWays = ["window", "stop file"];

function requireIgnorable(ignored: readonly string[]): void {
  const ignorable = signalNames.filter((name) => !ownWays.includes(name));
  const strange = ignored.find((name) => !ignorable.some((each) => each === name));
  if (strange === undefined) return;
  throw new UsageError(`"${strange}" is not a signal that a run can ignore.`, {
    remedy: `A run can ignore ${ignorable.map((name) => name.replaceAll(" ", "-")).join(", ")}. Open a window with "window=00:00-24:00 UTC"; remove a stop file to end its hold.`,
  });
}
