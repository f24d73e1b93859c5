import { refusalsBeforeSteps } from "../../engine/guards/require-before-steps.ts";
import { backupFacts } from "../../engine/preview/backup-facts.ts";
import { batchFrame } from "../../engine/preview/batch-frame.ts";
import { refusalsAtStart } from "../../engine/preview/refusals-at-start.ts";
import { exitCodes } from "../../engine/report/exit-code.ts";
import { type JobState, readJobStates } from "../../engine/state/job-state.ts";
import { readPastSpeed } from "../../engine/state/past-speed.ts";
import type { Job } from "../../job/definition/define-job.ts";
import { readParameters } from "../../job/definition/parameters.ts";
import type { Step } from "../../job/steps/steps.ts";
import { findUnsafeSql, refusalsOfSteps } from "../../plan/find-unsafe-sql.ts";
import { planRun, type RunPlan } from "../../plan/plan-run.ts";
import { planSteps } from "../../plan/plan-steps.ts";
import { traceLocks } from "../../steps/trace-locks.ts";
import type { Session } from "../../store/session.ts";
import { checklist } from "../describe/checklist.ts";
import { describePlan, type WholePlan } from "../describe/describe-plan.ts";
import { planSummary } from "../describe/plan-summary.ts";
import { loadJob } from "../jobs/load-job.ts";
import { parseParameters } from "../options/parse-parameters.ts";
import { commonOptions, commonSettings } from "../options/settings.ts";
import { withStore } from "../options/with-store.ts";
import { defineTargetCommand } from "../targets/define-target-command.ts";
import { emphasise, printData, printJson, say } from "../terminal/output.ts";

/** `tidefill plan <job>` */
export const planCommand = defineTargetCommand(
  {
    builder: (yargs) =>
      commonOptions(yargs)
        .positional("job", { type: "string", demandOption: true })
        .option("param", {
          type: "string",
          array: true,
          default: [],
          describe: "a parameter of the job, name=value",
        })
        .option("sql", {
          type: "boolean",
          default: false,
          describe: "show every statement and the query plan as well",
        })
        .option("trace", {
          type: "boolean",
          default: false,
          describe: "run the steps on empty copies of their tables, and list the locks that they take",
        }),
    handler: async (given) => {
      const settings = commonSettings(given);
      const loaded = await loadJob(settings.jobs, given.job);
      const parameters = await readParameters(loaded.job.parameters, parseParameters(given.param));
      const plan = await withStore(
        settings,
        async (session): Promise<WholePlan> => {
          const [state] = await readJobStates(session, [loaded]);
          if (state === undefined) throw new Error(`The state of ${given.job} is not known.`);
          const whole = await planWhole(session, state, parameters, settings.jobs);
          const open = [...state.steps.expand.open, ...state.steps.contract.open];
          return given.trace ? { ...whole, locks: await traceLocks(session.db, loaded.job, open) } : whole;
        },
        { needsSchema: false, isAnnounced: true },
      );
      if (settings.json) printJson(plan);
      else {
        const bound = loaded.job.kind === "steps" ? null : loaded.job.bind(parameters);
        printData(describePlan(plan, planSummary(plan, loaded.job, bound), given.sql));
      }
      for (const { message, remedy } of plan.refusals) {
        say(`${emphasise("red", "refused")} ${message}`);
        say(`${emphasise("cyan", "→")} ${remedy}`);
      }
      process.exitCode = plan.refusals.length > 0 ? exitCodes.refused : exitCodes.done;
    },
  },
  { goesOn: true },
);

async function planWhole(
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
