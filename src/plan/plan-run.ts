import { RefusedError } from "../errors.ts";
import { displayName } from "../job/columns/table.ts";
import type { Job } from "../job/definition/define-job.ts";
import { explainText } from "../postgres/catalog/explain.ts";
import type { Transaction } from "../postgres/transaction/database.ts";
import { lookBriefly } from "../postgres/transaction/look-briefly.ts";
import type { ImageTarget } from "../sink/images/images.ts";
import { installedVersion } from "../store/schema/store-schema.ts";
import type { Session } from "../store/session.ts";
import type { Store } from "../store/store.ts";
import { checkNames } from "./check-job.ts";
import type { Forecast, Measured } from "./forecast/forecast.ts";
import { readForecast } from "./forecast/read-forecast.ts";
import type { Refusal } from "./open/check.ts";
import { mainTable, type OpenedJob, type WriteVerb } from "./open/opened-job.ts";
import { sampleStatements } from "./open/sample-statements.ts";
import { readWriteImpact, type WriteImpact } from "./open/write-impact.ts";
import { tryToOpenJob } from "./open-job.ts";
import { requireParametersFit } from "./parameters-fit.ts";
import { otherRuns } from "./warnings/other-runs.ts";
import { readWarnings } from "./warnings/read-warnings.ts";

/** What a run would do. */
export interface RunPlan {
  readonly job: string;
  readonly kind: Job["kind"];
  /** reasons not to start; if there are any, nothing below is known */
  readonly refusals: readonly Refusal[];
  /** what an operator should know before the run; none of it refuses the run */
  readonly warnings: readonly Refusal[];
  /** the checks that were made */
  readonly checks: readonly string[];
  readonly details: PlanDetails | null;
}

interface PlanDetails {
  /** the table that is written; when the rows come from elsewhere, `source` says from where */
  readonly table: string;
  readonly source: string;
  readonly key: readonly string[];
  /** what is kept for `tidefill undo` */
  readonly undoLog: "none" | "plain" | "encrypted";
  readonly estimatedRows: number;
  /** keys that must be walked to find them */
  readonly keysWalked: number;
  /** each statement of a batch as it is sent, with `$1` and so on for values */
  readonly statements: readonly { readonly name: string; readonly sql: string }[];
  /** PostgreSQL's plan of the statement that finds the rows */
  readonly queryPlan: readonly string[];
  /** what is done to the table */
  readonly verb: WriteVerb;
  readonly touched: WriteImpact;
  /** the estimated cost */
  readonly forecast: Forecast;
  /** the job's window: the estimated time counts only while it is open */
  readonly window: string | null;
}

/** The statements that the engine sends around those of every batch. */
export interface BatchFrame {
  readonly begin: string;
  readonly checkpoint: string;
  /** where the run's images would go */
  readonly images: ImageTarget;
}

/** Finds out what a run would do, in a transaction that is rolled back; nothing is written at all. */
export async function planRun(
  { db, store }: Session,
  job: Job,
  parameters: object,
  { frame, measured }: { readonly frame: BatchFrame; readonly measured: Measured | null },
): Promise<RunPlan> {
  const common = { job: job.name, kind: job.kind, checks: checkNames, warnings: [] };
  try {
    await requireParametersFit(db, job.parameters, parameters);
    const { opened, refusals } = await tryToOpenJob(db, job, parameters);
    if (opened === null) return { ...common, refusals, details: null };
    return {
      ...common,
      refusals,
      ...(await lookBriefly(db.withSettings(job.session), (briefly) =>
        briefly.rolledBack(async (tx) => ({
          warnings: await warningsOf(tx, opened, store),
          details: await describe(tx, opened, frame, measured),
        })),
      )),
    };
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    const refusal = { check: error.check, message: error.message, remedy: error.remedy ?? "" };
    return { ...common, refusals: [refusal], details: null };
  }
}

async function warningsOf(tx: Transaction, opened: OpenedJob, store: Store): Promise<readonly Refusal[]> {
  const found = await readWarnings(tx, opened, store.schema.name);
  if ((await installedVersion(tx, store.schema)) === null) return found;
  const tables = opened.writes.map(({ relation }) => displayName(relation));
  return [...found, ...(await otherRuns(tx, store, opened.job.name, tables))];
}

async function describe(
  tx: Transaction,
  opened: OpenedJob,
  frame: BatchFrame,
  measured: Measured | null,
): Promise<PlanDetails> {
  const { begin, checkpoint } = frame;
  const { table, estimate, writes, job, isPersonal } = opened;
  const samples = await sampleStatements(tx, opened, job.undoable && !isPersonal ? frame.images : null);
  // Without the images, whose table does not exist yet.
  const finder = (await sampleStatements(tx, opened)).find(
    ({ name }) => name === (opened.write.kind === "sql" ? "write" : "read"),
  );
  const written = samples.map(({ name, statement }) => ({ name, sql: statement.toString() }));
  const [main] = writes;
  return {
    table: displayName(mainTable(opened)),
    source: table === null ? "rows outside of the database" : displayName(table.relation),
    key: table === null ? ["position"] : table.key.columns.map((column) => column.name),
    undoLog: !job.undoable ? "none" : isPersonal ? "encrypted" : "plain",
    estimatedRows: Math.round(estimate.rows),
    keysWalked: Math.round(estimate.walk),
    statements: [
      { name: "begin", sql: begin },
      ...written,
      { name: "checkpoint", sql: checkpoint },
      { name: "commit", sql: "commit" },
    ],
    queryPlan: finder === undefined ? [] : withoutValues(await explainText(tx, finder.statement), isPersonal),
    verb: main?.verb ?? "update",
    touched: await readWriteImpact(tx, mainTable(opened), main?.columns ?? [], main?.verb ?? "update"),
    forecast: await readForecast(tx, opened, estimate.rows, withinPace(measured, job)),
    window: opened.job.pace.window ?? null,
  };
}

/** However fast earlier runs were allowed to be, this one goes no faster than its job says. */
function withinPace(measured: Measured | null, { pace }: Job): Measured | null {
  const { rowsPerSecond = Number.POSITIVE_INFINITY } = pace;
  return measured && { ...measured, speeds: measured.speeds.map((speed) => Math.min(speed, rowsPerSecond)) };
}

/** PostgreSQL prints parameters in a plan's conditions; for a job about persons they are not shown. */
function withoutValues(lines: readonly string[], isPersonal: boolean): readonly string[] {
  return isPersonal ? lines.map((line) => line.replace(/(Filter|Cond|Key): .*/, "$1: (hidden)")) : lines;
}
