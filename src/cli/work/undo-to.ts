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
import { exitCodes } from "../terminal/exit-code.ts";
import { printJson, say } from "../terminal/output.ts";
import { requireConfirmation } from "../terminal/require-confirmation.ts";
import { runSteps } from "./run-steps.ts";
import { type WorkSettings, workOnRun } from "./work-on-run.ts";

/** Undoes all jobs that were done after one of them, the last first; `nothing` stands for before the first. */
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
      // All of them before the first is touched.
      for (const plan of after) await requireReversible(session, plan);
      return after;
    },
    { isAnnounced: true },
  );
  for (const plan of plans) say(describe(plan));
  const question = `Take these ${plans.length} jobs back, the first first? What their steps have added goes, with all that is in it.`;
  if (plans.length === 0) say(`Nothing stands that was done after ${to}.`);
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
      if (report === null) throw new Error(`The runs of ${job.name} were undone by somebody else.`);
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

/** @throws RefusedError where a job stands that would have to go, and whose file is gone */
async function requireFiles(session: Session, plans: readonly UndoPlan[], since: number): Promise<void> {
  const { db, store } = session;
  for (const { job } of await store.runs.latestOfEach(db)) {
    if (plans.some((plan) => plan.job.name === job)) continue;
    const runs = await standingRuns(session, job);
    if (runs.length === 0 || firstDone(runs) <= since) continue;
    throw new RefusedError(
      "steps-can-be-undone",
      `The job ${job} stands and would have to be undone, and its file is gone. Nothing was undone.`,
      "Bring its file back. Was it renamed? Then give it its old name for this.",
    );
  }
}

function notDone(to: string): RefusedError {
  return new RefusedError(
    "run-can-be-undone",
    `The job ${to} does not stand here, so there is no state of that time to go back to.`,
    "tidefill list   shows what stands",
  );
}
