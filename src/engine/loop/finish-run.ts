import type { TableChangedError } from "../../errors.ts";
import { exceeds } from "../../job/definition/reject-limit.ts";
import { raw, sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import { addDoneSweep, addSweep, addSweepOfRejects } from "../../store/runs/add-sweep.ts";
import { type Coverage, readCoverage } from "../../store/runs/coverage.ts";
import { readProgress } from "../../store/runs/progress.ts";
import type { Run } from "../../store/runs/run.ts";
import { isFinished } from "../../store/runs/run-status.ts";
import type { Session } from "../../store/session.ts";
import type { Store } from "../../store/store.ts";
import type { RunTables } from "../batch/run-tables.ts";
import type { Sweeping } from "../batch/run-task.ts";

/** The most sweeps for late rows. If rows still keep coming, the application has to fill them itself. */
const sweepsAtMost = 3;

/** So many sweeps try constraint rejects again if any row was written; later ones only if enough were. */
const triesAtLeast = 10;
const worthwhileShare = 0.1;

export type Finishing =
  | { readonly kind: "succeeded" }
  /** the run goes over the key space again to find rows that came late */
  | { readonly kind: "sweeping"; readonly sweep: number }
  /** a stage is done, to be judged before the next one */
  | { readonly kind: "stage done" }
  /** other workers still work; look again no later than this */
  | { readonly kind: "waiting"; readonly lookAgainMs: number; readonly isPlanned: boolean }
  /** all ranges are done, but the run has more rejects than it may have */
  | { readonly kind: "over the reject limit" }
  /** all ranges are done, but a table has changed */
  | { readonly kind: "table changed"; readonly error: TableChangedError }
  /** all ranges are done, but triggers have swallowed writes */
  | { readonly kind: "swallowed"; readonly rows: number };

/**
 * Ends a run whose done ranges tile the key space from open end to open end, in one transaction with that
 * proof. With `pending`, sweeps go on until one has nothing to write. Slow or locked rows are tried again
 * at the end; constraint rejects that other rows may help are tried until a sweep writes nothing.
 */
export async function finishRun(
  session: Session,
  id: bigint,
  sweeping: Sweeping,
  tables: RunTables,
): Promise<Finishing> {
  const { db } = session;
  const ending = { id, sweeping, tables };
  const first = await finish(session, ending, null);
  const finishing = first === "about to sweep" ? await sweep(session, ending) : first;
  if (finishing !== "all but the last") return finishing;
  // `lastly` comes before the run is marked as done, so that a kill in between repeats it.
  const told = (await sweeping.lastly?.(db)) ?? null;
  const finished = await finish(session, ending, { told });
  return typeof finished === "string" ? { kind: "waiting", lookAgainMs: 0, isPlanned: true } : finished;
}

/** Looks once at the whole table before a sweep, while the run's row is not locked. */
async function sweep(session: Session, ending: Ending): Promise<Finishing> {
  const isDone = (await ending.sweeping.isDone?.(session.db)) ?? false;
  const finishing = await finish(session, { ...ending, isDone }, null);
  return typeof finishing === "string" ? { kind: "waiting", lookAgainMs: 0, isPlanned: true } : finishing;
}

/** A run that may be at its end. */
interface Ending {
  readonly id: bigint;
  readonly sweeping: Sweeping;
  readonly tables: RunTables;
  /** whether a look at the whole table has found nothing to do; undefined before that look */
  readonly isDone?: boolean;
}

async function finish(
  { db, store }: Session,
  { id, sweeping, tables, isDone }: Ending,
  last: { readonly told: string | null } | null,
): Promise<Finishing | "all but the last" | "about to sweep"> {
  return db.transaction(async (tx) => {
    const run = await store.runs.lock(tx, id);
    if (isFinished(run.status)) return { kind: "succeeded" };
    const coverage = await readCoverage(tx, store.schema, run);
    // A verify of an unfinished run compares only its done ranges, which have gaps.
    const isComplete = run.isPartial ? coverage.unfinished === 0 : coverage.isComplete;
    if (!run.isPlanned || !isComplete) {
      if (run.isPlanned && coverage.unfinished > 0 && coverage.unfinishedOfStage === 0)
        return { kind: "stage done" };
      if (run.isPlanned && coverage.unfinished === 0)
        throw new Error(`The ranges of run ${id} do not tile the key space.`);
      const lookAgainMs = Math.min(500, (coverage.nextLeaseEndsInMs ?? 500) + 10);
      return { kind: "waiting", lookAgainMs, isPlanned: run.isPlanned };
    }
    const changed = await tables.changeAtEnd(tx);
    if (changed !== null) return { kind: "table changed", error: changed };
    if (sweeping.owesRetry && sweeping.retries !== null && (await store.rejects.count(tx, id)) > 0)
      return nextSweep(tx, store, run, sweeping.retries);
    const standing = await store.rejects.standing(tx, id);
    if (exceeds(run.rejectLimit, standing, "before retries")) return { kind: "over the reject limit" };
    // Rows may also have come during a sweep of the rejects, or while the run was stopped because of them.
    const hasFound = sweeping.hasPending && coverage.written > 0;
    if (hasFound && (coverage.isOfRejects || run.sweep < sweepsAtMost))
      return isDone === undefined ? "about to sweep" : nextSweep(tx, store, run, isDone ? "done" : null);
    if (await isWorthRetrying(tx, store, { ...run, ...coverage }, sweeping))
      return nextSweep(tx, store, run, sweeping.retries);
    if (exceeds(run.rejectLimit, standing, "at the end")) return { kind: "over the reject limit" };
    // Where this run cannot try rows again, another run has to: `rejects --retry`.
    if (sweeping.retries !== null && (await store.rejects.has(tx, id, ["swallowed"])))
      return { kind: "swallowed", rows: (await readProgress(tx, store.schema, id)).swallowed };
    if (sweeping.lastly !== undefined && last === null) return "all but the last";
    const messages = [
      await messageAtEnd(tx, store, run, hasFound && !coverage.isOfRejects),
      last?.told ?? null,
    ];
    const message = messages.filter((each) => each !== null).join(" ");
    await store.runs.set(tx, id, {
      status: raw("'succeeded'"),
      stop_reason: raw("'finished'"),
      finished_at: raw("pg_catalog.clock_timestamp()"),
      message: sql`${message === "" ? null : message}`,
    });
    return { kind: "succeeded" };
  });
}

/** Plans another sweep, of the rejects or of all ranges. The caller has locked the run's row. */
export async function nextSweep(
  tx: Transaction,
  store: Store,
  { id, sweep: last }: Run,
  retries: Sweeping["retries"] | "done",
): Promise<Finishing> {
  const sweep = last + 1;
  if (retries === "done") await addDoneSweep(tx, store.schema, id, sweep);
  else if (retries === "list") await addSweepOfRejects(tx, store.schema, id, sweep);
  else await addSweep(tx, store.schema, id, sweep);
  await store.runs.set(tx, id, { sweep: sql`${sweep}` });
  return { kind: "sweeping", sweep };
}

async function isWorthRetrying(
  tx: Transaction,
  store: Store,
  { id, sweep, isOfRejects, written }: Pick<Run, "id" | "sweep"> & Pick<Coverage, "isOfRejects" | "written">,
  { retries, triesConstraints }: Sweeping,
): Promise<boolean> {
  if (retries === null) return false;
  const wasTried = retries === "list" ? isOfRejects : sweep > 0;
  if (!wasTried && (await store.rejects.has(tx, id, ["slow", "locked"]))) return true;
  if (!triesConstraints || !(await store.rejects.has(tx, id, ["constraint"]))) return false;
  if (!wasTried || sweep < triesAtLeast) return !wasTried || written > 0;
  return written >= worthwhileShare * (await store.rejects.count(tx, id));
}

async function messageAtEnd(
  tx: Transaction,
  store: Store,
  { id, sweep }: Run,
  lastSweepWrote: boolean,
): Promise<string | null> {
  if (lastSweepWrote)
    return `New rows kept coming: the last of ${sweep} sweeps still found some. Let the application fill them itself.`;
  const aside = await store.rejects.reasons(tx, id, ["slow", "locked"]);
  if (aside.length === 0) return null;
  return `Rejects are left: ${aside.join("; ")}. To try them again: tidefill rejects ${id} --retry`;
}
