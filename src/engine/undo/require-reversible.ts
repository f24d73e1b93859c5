import { RefusedError } from "../../errors.ts";
import type { Job } from "../../job/definition/define-job.ts";
import type { KnownStep } from "../../store/runs/steps.ts";
import type { Session } from "../../store/session.ts";
import type { StepWorkOptions, UndoKeyOption } from "../options/work-options.ts";
import { openStepRunner } from "../process/open-step-runner.ts";
import { openLog } from "../undo-log/open-log.ts";
import { requireUndoable } from "./require-undoable.ts";
import type { UndoPlan } from "./undo-plan.ts";

/** Checks before an undo that everything of the job can be undone. @throws RefusedError when it cannot */
export async function requireReversible(
  session: Session,
  { job, runs, unfinished }: UndoPlan,
  options: StepWorkOptions & UndoKeyOption = {},
): Promise<void> {
  if (unfinished !== null && unfinished.kind === "run") requireUndoable(unfinished);
  for (const run of runs) {
    requireUndoable(run);
    if (run.hasRows) await openLog(session, run, options);
  }
  await requireStepsReversible(session, job, { ...options, withExpand: true });
}

/** Checks the contract steps, and the expand steps where they are undone too. @throws RefusedError */
export async function requireStepsReversible(
  session: Session,
  job: Job,
  options: StepWorkOptions & UndoKeyOption & { readonly withExpand?: boolean | undefined },
): Promise<void> {
  const { db, store } = session;
  const known = await store.steps.known(db, job.name);
  const phases = options.withExpand === true ? (["contract", "expand"] as const) : (["contract"] as const);
  for (const phase of phases) {
    const stranger = known.find(
      (step) => step.phase === phase && !job[phase].some(({ name }) => name === step.name),
    );
    if (stranger !== undefined) throw notInTheFile(stranger);
    await openStepRunner(session, { job, phase }, options).requireReversible();
  }
}

function notInTheFile({ job, name, phase }: KnownStep): RefusedError {
  return new RefusedError(
    "steps-can-be-undone",
    `The step "${name}" of ${job} was applied but is no longer in the job's file, so it cannot be undone. Nothing was undone.`,
    `Write it into ${phase} of ${job} again, as it was.`,
  );
}
