import { describeStayingCalls } from "../../describe/describe-calls.ts";
import { exitCodes } from "../../engine/report/exit-code.ts";
import type { RunReport } from "../../engine/report/run-report.ts";
import { requireReversible } from "../../engine/undo/require-reversible.ts";
import { undoJob } from "../../engine/undo/undo-job.ts";
import {
  firstDone,
  plansAfter,
  readUndoPlan,
  standingRuns,
  type UndoPlan,
} from "../../engine/undo/undo-plan.ts";
import { RefusedError } from "../../errors.ts";
import type { Session } from "../../store/session.ts";
import { loadInOrder } from "../jobs/load-in-order.ts";
import type { CommonSettings } from "../options/settings.ts";
import { withStore } from "../options/with-store.ts";
import { emphasise, printJson, say } from "../terminal/output.ts";
import { requireConfirmation } from "../terminal/require-confirmation.ts";
import { runSteps } from "./run-steps.ts";
import { type WorkSettings, workOnRun } from "./work-on-run.ts";

/** Undoes all jobs that were done after one of them, the last first; `nothing` undoes all of them. */
export async function undoTo(
  settings: CommonSettings,
  given: WorkSettings & { readonly yes: boolean },
  to: string,
): Promise<void> {
  if (to !== "nothing") await loadInOrder(settings, to);
  const all = await loadInOrder(settings, undefined);
  const plans = await withStore(
    settings,
    async (session) => {
      const ordered: UndoPlan[] = [];
      for (const { job } of all) ordered.push(await readUndoPlan(session, job));
      const last = ordered.find(({ job }) => job.name === to);
      if (last?.runs.length === 0) throw notDone(to);
      await requireFiles(session, ordered, last === undefined ? 0 : firstDone(last.runs));
      const after = plansAfter(ordered, last === undefined ? null : to);
      // All plans are checked before the first job is undone.
      for (const plan of after) await requireReversible(session, plan);
      return after;
    },
    { isAnnounced: true },
  );
  for (const plan of plans) say(describe(plan));
  const staying = describeStayingCalls(plans.flatMap(({ runs }) => runs));
  if (staying !== null) say(`${emphasise("yellow", "note")}  ${staying}`);
  const question = `Undo ${plans.length === 1 ? "this job" : `these ${plans.length} jobs, in this order`}? What their steps added is dropped, with everything in it.`;
  if (plans.length === 0) say(`There is nothing to undo after ${to}.`);
  else await requireConfirmation(given.yes, question, to);
  const jobs: { readonly job: string; readonly report: RunReport | null }[] = [];
  for (const plan of plans) {
    jobs.push({ job: plan.job.name, report: await undoJobOf(settings, given, plan) });
    if ((process.exitCode ?? exitCodes.done) !== exitCodes.done) break;
  }
  if (settings.json) printJson({ jobs });
}

/** Answers the report of the last run that was undone; null where there were steps only. */
async function undoJobOf(
  settings: CommonSettings,
  given: WorkSettings,
  { job, runs, unfinished }: UndoPlan,
): Promise<RunReport | null> {
  if (runs.length > 0 || unfinished !== null)
    return workOnRun({ ...settings, json: false }, given, null, async (options) => {
      const report = await undoJob(job, options);
      if (report === null) throw new Error(`The runs of ${job.name} were undone by another process.`);
      return report;
    });
  return runSteps(settings, given, (options) => undoJob(job, options));
}

function describe({ job, runs, steps, unfinished }: UndoPlan): string {
  const rows = [...runs.map(({ id }) => id), ...(unfinished === null ? [] : [unfinished.id])];
  const parts = [
    ...(rows.length > 0 ? [`run${rows.length === 1 ? "" : "s"} ${[...new Set(rows)].join(", ")}`] : []),
    ...steps.map(({ name }) => `the step "${name}"`),
  ];
  return `${job.name}: ${parts.join("; ")}`;
}

/** @throws RefusedError when the file of a job that would have to be undone is gone */
async function requireFiles(session: Session, plans: readonly UndoPlan[], since: number): Promise<void> {
  const { db, store } = session;
  for (const { job } of await store.runs.latestOfEach(db)) {
    if (plans.some((plan) => plan.job.name === job)) continue;
    const runs = await standingRuns(session, job);
    if (runs.length === 0 || firstDone(runs) <= since) continue;
    throw new RefusedError(
      "steps-can-be-undone",
      `The job ${job} would have to be undone too, but its file is gone. Nothing was undone.`,
      "Restore its file. If it lies in another folder, undo that folder first, with --jobs. If the job was renamed, give it its old name for this.",
    );
  }
}

function notDone(to: string): RefusedError {
  return new RefusedError(
    "run-can-be-undone",
    `The job ${to} is not done here, so there is no state after it to go back to.`,
    "tidefill list   shows which jobs are done",
  );
}
