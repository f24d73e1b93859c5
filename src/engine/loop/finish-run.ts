import type { TableChangedError } from "../../errors.ts";
import { exceeds } from "../../job/definition/reject-limit.ts";
import { raw, sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import { addSweep, addSweepOfRejects } from "../../store/runs/add-sweep.ts";
import { type Coverage, readCoverage } from "../../store/runs/coverage.ts";
import { readProgress } from "../../store/runs/progress.ts";
import type { Run } from "../../store/runs/run.ts";
import { isFinished } from "../../store/runs/run-status.ts";
import type { Session } from "../../store/session.ts";
import type { Store } from "../../store/store.ts";
import type { RunTables } from "../batch/run-tables.ts";
import type { Sweeping } from "../batch/run-task.ts";

/** After so many, rows that keep coming are the application's business. */
const sweepsAtMost = 3;

/** So often rows that a constraint has refused are tried again whatever comes of it; after that, only while it is worth it. */
const triesAtLeast = 10;
const worthwhileShare = 0.1;

export type Finishing =
  | { readonly kind: "succeeded" }
  /** the key space is gone over once more, to find rows that came late */
  | { readonly kind: "sweeping"; readonly sweep: number }
  /** a part of the rows is done that is looked at before the rest */
  | { readonly kind: "stage done" }
  /** others still work; look again no later than this */
  | { readonly kind: "waiting"; readonly lookAgainMs: number }
  /** everything was gone over, but more rows were rejected than the run may have */
  | { readonly kind: "over the reject limit" }
  /** everything was gone over, but a table is not what it was */
  | { readonly kind: "table changed"; readonly error: TableChangedError }
  /** everything was gone over, but triggers have swallowed writes */
  | { readonly kind: "swallowed"; readonly rows: number };

/**
 * Ends a run whose done ranges tile the key space from open end to open end, in one transaction with the proof. With
 * `pending`, the key space is swept until a sweep has nothing to write. Rows that were slow or locked are tried once more at the
 * end; rows that a constraint has refused, where other rows may help, until a sweep has brought nothing.
 */
export async function finishRun(
  session: Session,
  id: bigint,
  sweeping: Sweeping,
  tables: RunTables,
): Promise<Finishing> {
  const { db } = session;
  const ending = { id, sweeping, tables };
  const finishing = await finish(session, ending, null);
  if (finishing !== "all but the last") return finishing;
  // Before it says that it is done, since it may be killed in between.
  const told = (await sweeping.lastly?.(db)) ?? null;
  const finished = await finish(session, ending, { told });
  return finished === "all but the last" ? { kind: "waiting", lookAgainMs: 0 } : finished;
}

/** A run that has perhaps come to its end. */
interface Ending {
  readonly id: bigint;
  readonly sweeping: Sweeping;
  readonly tables: RunTables;
}

async function finish(
  { db, store }: Session,
  { id, sweeping, tables }: Ending,
  last: { readonly told: string | null } | null,
): Promise<Finishing | "all but the last"> {
  return db.transaction(async (tx) => {
    const run = await store.runs.lock(tx, id);
    if (isFinished(run.status)) return { kind: "succeeded" };
    const coverage = await readCoverage(tx, store.schema, run);
    // What an unfinished run has done so far has gaps.
    const isComplete = run.isPartial ? coverage.unfinished === 0 : coverage.isComplete;
    if (!run.isPlanned || !isComplete) {
      if (run.isPlanned && coverage.unfinished > 0 && coverage.unfinishedOfStage === 0)
        return { kind: "stage done" };
      if (run.isPlanned && coverage.unfinished === 0)
        throw new Error(`The ranges of run ${id} do not tile the key space.`);
      return { kind: "waiting", lookAgainMs: Math.min(500, (coverage.nextLeaseEndsInMs ?? 500) + 10) };
    }
    const changed = await tables.changeAtEnd(tx);
    if (changed !== null) return { kind: "table changed", error: changed };
    const standing = await store.rejects.standing(tx, id);
    if (exceeds(run.rejectLimit, standing, true)) return { kind: "over the reject limit" };
    // Rows may have come also while the list was gone over, or while the run stood still because of it.
    const hasFound = sweeping.hasPending && coverage.written > 0;
    if (hasFound && (coverage.isOfRejects || run.sweep < sweepsAtMost))
      return nextSweep(tx, store, run, null);
    if (await isWorthRetrying(tx, store, { ...run, ...coverage }, sweeping))
      return nextSweep(tx, store, run, sweeping.retries);
    // Where rows cannot be tried again by their keys, another run has to: `rejects --retry`.
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

/** Plans one sweep more of a run whose row the caller holds: over its list of rejects, or over all ranges of keys. */
export async function nextSweep(
  tx: Transaction,
  store: Store,
  { id, sweep: last }: Run,
  retries: Sweeping["retries"],
): Promise<Finishing> {
  const sweep = last + 1;
  if (retries === "list") await addSweepOfRejects(tx, store.schema, id, sweep);
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
