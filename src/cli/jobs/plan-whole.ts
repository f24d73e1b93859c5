import type { WholePlan } from "../../describe/describe-plan.ts";
import { refusalsBeforeSteps } from "../../engine/guards/require-before-steps.ts";
import { backupFacts } from "../../engine/preview/backup-facts.ts";
import { batchFrame } from "../../engine/preview/batch-frame.ts";
import { refusalsAtStart } from "../../engine/preview/refusals-at-start.ts";
import type { JobState } from "../../engine/state/job-state.ts";
import { readPastSpeed } from "../../engine/state/past-speed.ts";
import type { Job } from "../../job/definition/define-job.ts";
import type { Step } from "../../job/steps/steps.ts";
import { findUnsafeSql, refusalsOfSteps } from "../../plan/find-unsafe-sql.ts";
import { rowsOfSource } from "../../plan/open/rows-of-source.ts";
import { planRun, type RunPlan } from "../../plan/plan-run.ts";
import { planSteps } from "../../plan/plan-steps.ts";
import type { Session } from "../../store/session.ts";
import { checklist } from "./checklist.ts";

/** Everything that a reviewer asks about a job before it runs; nothing is written. */
export async function planWhole(
  session: Session,
  state: JobState,
  parameters: object,
  folder: string,
): Promise<WholePlan> {
  const { db } = session;
  const { job } = state;
  const steps = planSteps(job, state.steps);
  // Rows can be planned only once the expand steps are done.
  const hasRows = job.kind !== "steps" && state.steps.expand.open.length === 0;
  const early = hasRows ? [] : await refusalsBeforeSteps(db, job, parameters);
  const rows = hasRows ? await planRows(session, job, parameters) : null;
  const open = steps.some(({ isDone }) => !isDone);
  const backup = await backupFacts(session, job, parameters, openSteps(state));
  const refusals = [...(open ? await refusalsOfSteps(job) : []), ...early, ...(rows?.refusals ?? [])];
  return {
    job: job.name,
    kind: job.kind,
    checks: rows?.checks ?? [],
    details: rows?.details ?? null,
    tableRows: hasRows ? null : await rowsOfSource(db, job, parameters),
    refusals,
    warnings: rows?.warnings ?? [],
    steps,
    sql: await findUnsafeSql(job, parameters),
    checklist: checklist(job, { plan: rows, steps, backup }, folder),
    locks: null,
  };
}

function openSteps({ job, steps }: JobState): readonly Step[] {
  return (["expand", "contract"] as const).flatMap((phase) =>
    job[phase].filter(({ name }) => steps[phase].open.includes(name)),
  );
}

async function planRows(session: Session, job: Job, parameters: object): Promise<RunPlan> {
  const frame = await batchFrame(session, job);
  const measured = await readPastSpeed(session, job.name);
  const plan = await planRun(session, job, parameters, { frame, measured });
  if (plan.refusals.length > 0) return plan;
  return { ...plan, refusals: await refusalsAtStart(session, job, parameters) };
}
