import type { CommandModule } from "yargs";
import { batchFrame } from "../../engine/batch-frame.ts";
import { readMeasured } from "../../engine/measured.ts";
import { refusalsAtStart } from "../../engine/start-refusals.ts";
import { readParameters } from "../../job/parameters.ts";
import { formatBytes, formatBytesInterval, formatCount, formatInterval } from "../../observe/format.ts";
import type { Forecast } from "../../plan/forecast/forecast.ts";
import { planRun, type RunPlan } from "../../plan/plan-run.ts";
import { withStore } from "../connection.ts";
import { exitCodes } from "../exit-code.ts";
import { loadJob } from "../load-job.ts";
import { emphasise, printData, printJson, say } from "../output.ts";
import { parseParameters } from "../parameters.ts";
import { type CommonSettings, commonOptions, commonSettings } from "../settings.ts";

/** `tidefill plan <job>` */
export const planCommand: CommandModule = {
  command: "plan <job>",
  describe: "every statement, the query plan, the checks, the estimate; writes nothing",
  builder: (yargs) =>
    commonOptions(yargs).positional("job", { type: "string", demandOption: true }).option("param", {
      type: "string",
      array: true,
      default: [],
      describe: "a parameter of the job, name=value",
    }),
  handler: async (read) => {
    const given = read as unknown as CommonSettings & {
      readonly job: string;
      readonly param: readonly string[];
    };
    const settings = commonSettings(given);
    const { job } = await loadJob(settings.jobs, given.job);
    const parameters = await readParameters(job.parameters, parseParameters(given.param));
    const plan = await withStore(
      settings,
      async (db, store) => {
        const plan = await planRun(
          db,
          job,
          parameters,
          await batchFrame(db, store, job.batchTimeMs),
          await readMeasured(db, store, job.name),
        );
        if (plan.refusals.length > 0) return plan;
        return { ...plan, refusals: await refusalsAtStart(db, store, job, parameters) };
      },
      { needsSchema: false },
    );
    if (settings.json) printJson(plan);
    else printData(describePlan(plan));
    for (const { message, remedy } of plan.refusals) {
      say(`${emphasise("red", "refused")} ${message}`);
      say(`${emphasise("cyan", "→")} ${remedy}`);
    }
    process.exitCode = plan.refusals.length > 0 ? exitCodes.refused : exitCodes.done;
  },
};

/** The plan for people. */
export function describePlan(plan: RunPlan): string {
  const { details } = plan;
  if (details === null) return `${plan.job}, ${plan.kind}: a run would be refused.`;
  const { touched } = details;
  const list = (items: readonly string[]): string =>
    items.length === 0 ? "none" : items.join("\n             ");
  return [
    `${plan.job}, ${plan.kind}`,
    "",
    `  table      ${details.table}${details.source === details.table ? "" : `, from ${details.source}`}, in the order of ${details.key.join(", ")}`,
    `  rows       ~${formatCount(details.estimatedRows)} to do, found by walking ~${formatCount(details.keysWalked)} keys (PostgreSQL's estimate; nothing was counted)`,
    `  checks     ${plan.checks.length} passed: ${list(plan.checks.map((check, index) => (index < plan.checks.length - 1 ? `${check},` : check)))}`,
    "",
    `  undo       ${undoAdvice[details.undoLog]}`,
    "",
    `What ${details.verb === "insert" ? "an insert" : details.verb === "delete" ? "a delete" : "an update"} touches`,
    `  triggers   ${list(touched.triggers)}`,
    `  checked    ${list(touched.constraints)}`,
    `  referenced ${list(touched.referencedBy)}`,
    `  published  ${list(touched.publications)}`,
    `  generated  ${list(touched.generatedColumns)}`,
    `  indexes    ${list(touched.indexes)}`,
    ...(details.verb === "update" ? [`  HOT        ${hotAdvice(plan)}`] : []),
    "",
    ...describeForecast(details.forecast, plan.job),
    "",
    "Each batch, as it is sent",
    ...details.statements.flatMap(({ name, sql }) => [`  -- ${name}`, indent(sql), ""]),
    "How PostgreSQL finds the rows of a batch",
    ...details.queryPlan.map((line) => `  ${line}`),
    "",
    "Nothing was written.",
  ].join("\n");
}

/** What a run will cost, and what would make it cheaper. */
function describeForecast(forecast: Forecast, job: string): string[] {
  const { seconds, measuredByRun, walBytes, growthBytes, deadBytes, undoLogBytes, advice } = forecast;
  const time =
    seconds === null
      ? `nothing was measured yet: tidefill run ${job} --dry-run does some batches and rolls them back`
      : `${formatInterval([seconds.low, seconds.high])}, as run ${measuredByRun} went`;
  const grows =
    growthBytes.high > 0
      ? `table and indexes by ${formatBytesInterval(growthBytes)} if no vacuum makes room; `
      : "";
  const dead =
    deadBytes.high > 0 ? `${formatBytesInterval(deadBytes)} of dead rows for vacuum` : "no dead rows";
  return [
    "What it costs, as an estimate",
    `  time       ${time}`,
    `  WAL        ${formatBytesInterval(walBytes)}, full-page images and undo log included`,
    `  bloat      ${grows}${dead}`,
    ...(undoLogBytes === null
      ? []
      : [`  undo log   ${formatBytesInterval(undoLogBytes)} on disk, until tidefill purge`]),
    ...advice.map(
      ({ action, why, bytes }) =>
        `  cheaper    ${action}${bytes === null ? "" : ` (${formatBytes(bytes)})`}: ${why}`,
    ),
  ];
}

const undoAdvice = {
  plain: "what it overwrites is kept, so that tidefill undo can take the run back",
  encrypted: "what it overwrites is kept encrypted, so that tidefill undo can take the run back",
  none: "nothing is kept: the run cannot be taken back",
} as const;

function hotAdvice({ details }: RunPlan): string {
  if (details === null) return "unknown";
  const { canBeHot, fillFactor, indexes } = details.touched;
  if (!canBeHot)
    return `no: ${indexes.length} index(es) hold a written column, so every update adds to every index`;
  return fillFactor < 100
    ? `yes, where a page has room (fillfactor ${fillFactor})`
    : "possible, as no index holds a written column; at fillfactor 100 most pages have no room for it";
}

function indent(sql: string): string {
  const lines = sql.split("\n");
  const depths = lines
    .slice(1)
    .filter((line) => line.trim() !== "")
    .map((line) => line.length - line.trimStart().length);
  const margin = depths.length === 0 ? 0 : Math.min(...depths);
  return lines.map((line, index) => `  ${index === 0 ? line : line.slice(margin)}`).join("\n");
}
