import { describePlan, type WholePlan } from "../../describe/describe-plan.ts";
import { planSummary } from "../../describe/plan-summary.ts";
import { exitCodes } from "../../engine/report/exit-code.ts";
import { readJobStates } from "../../engine/state/job-state.ts";
import { readParameters } from "../../job/definition/parameters.ts";
import { traceLocks } from "../../steps/trace-locks.ts";
import { loadJob } from "../jobs/load-job.ts";
import { planWhole } from "../jobs/plan-whole.ts";
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
