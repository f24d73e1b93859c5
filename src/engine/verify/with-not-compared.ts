import type { OpenedJob } from "../../plan/open/opened-job.ts";
import { sql } from "../../postgres/sql/sql.ts";
import { readProgress } from "../../store/runs/progress.ts";
import type { Run } from "../../store/runs/run.ts";
import { isFinished } from "../../store/runs/run-status.ts";
import type { Session } from "../../store/session.ts";
import type { RunReport } from "../report/run-report.ts";
import { mayLeaveScope, useOfLog } from "./log-comparison.ts";

/** Adds to the report of a verify what it has not compared, and why, so that this does not look correct. */
export async function withNotCompared(
  { db, store }: Session,
  opened: OpenedJob,
  verify: Run,
  report: RunReport,
): Promise<RunReport> {
  if (report.status !== "succeeded" || report.ofRun === null) return report;
  const run = await store.runs.before(db, verify);
  const { written } = await readProgress(db, store.schema, run.id);
  const notCompared = [
    ...whatNot(opened, run, written, report.rows.read),
    ...withoutAnswers(opened, run, report.rows.skipped),
  ];
  const message = whyNotProved(run, onlyDeletes(opened) ? 0 : written, verify, report);
  if (message === null) return { ...report, notCompared };
  await store.runs.set(db, BigInt(report.run), { message: sql`${message}` });
  return { ...report, message, notCompared };
}

function whyNotProved(run: Run, toCompare: number, { isPartial }: Run, { rows }: RunReport): string | null {
  if (rows.read === 0 && toCompare > 0)
    return `None of the ${toCompare} rows that run ${run.id} wrote was compared.`;
  if (!isPartial) return null;
  const finish = isFinished(run.status) ? "" : ` Finish it, and compare again: tidefill resume ${run.job}`;
  return `Run ${run.id} was unfinished when this verify began, so only the ${rows.read} rows were compared that it had reached.${finish}`;
}

function whatNot({ writes, table }: OpenedJob, run: Run, written: number, read: number): string[] {
  const verbs = writes.map(({ verb }) => verb);
  const use = table === null ? null : useOfLog(run, table);
  const [target] = writes;
  const name = target === undefined ? "the target" : `${target.relation.schema}.${target.relation.name}`;
  if (verbs.includes("delete") && verbs.includes("insert")) {
    return use === null
      ? [`the moved rows in ${name}: ${whyNoLog(run, "they cannot be found again by a key")}`]
      : [`values of the moved rows in ${name}: only that they are there, and gone where they came from`];
  }
  const isUpdate = verbs.includes("update") && table !== null;
  if (isUpdate && use === null && read < written && mayLeaveScope(table, target?.columns ?? []))
    return [
      `rows that run ${run.id} wrote and that its \`where\` no longer finds: ${whyNoLog(run, "of an upsert")}`,
    ];
  if (target?.leavesOthers === true && read > 0)
    return [`values of rows in ${name}: with do: "nothing" only missing rows are found`];
  return [];
}

/** A verify asks no other system again. */
function withoutAnswers({ job }: OpenedJob, run: Run, rows: number): string[] {
  if (job.calls === null || rows === 0) return [];
  const why =
    run.answersKeptMs === null
      ? 'calls: { keepAnswers: "30d" } in the job keeps them, from the next run on'
      : `run ${run.id} has no answer for what they are now`;
  return [`${rows} rows, since another system gave their answers: ${why}`];
}

function onlyDeletes({ writes }: OpenedJob): boolean {
  return writes.every(({ verb }) => verb === "delete");
}

function whyNoLog({ id, undoLog }: Run, otherwise: string): string {
  if (undoLog === "none") return `run ${id} kept no undo log`;
  if (undoLog === "purged") return `the undo log of run ${id} was purged`;
  return undoLog === "encrypted" ? `the undo log of run ${id} is encrypted` : otherwise;
}
