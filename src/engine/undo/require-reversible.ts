import { RefusedError } from "../../errors.ts";
import type { Job } from "../../job/definition/define-job.ts";
import type { KnownStep } from "../../store/runs/steps.ts";
import type { Session } from "../../store/session.ts";
import type { StepWorkOptions, UndoKeyOption } from "../options/work-options.ts";
import { openStepRunner } from "../process/open-step-runner.ts";
import { openLog } from "../undo-log/open-log.ts";
import { requireUndoable } from "./require-undoable.ts";
import type { UndoPlan } from "./undo-plan.ts";

/** Looks at everything that has to be undone of a job before anything of it is. @throws RefusedError where it cannot be */
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

/** The same for its contract steps, and for its expand steps where these are to go too. @throws RefusedError */
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
    `The step "${name}" of ${job} was done and is not in its file any more, so nobody knows how to undo it; nothing was undone.`,
    `Write it into ${phase} of ${job} again, as it was.`,
  );
}
