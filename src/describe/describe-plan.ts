import { formatBytesInterval } from "../observe/format.ts";
import type { SqlFinding } from "../plan/find-unsafe-sql.ts";
import type { Forecast } from "../plan/forecast/forecast.ts";
import type { RunPlan } from "../plan/plan-run.ts";
import type { PlannedStep } from "../plan/plan-steps.ts";
import type { TracedStatement } from "../steps/trace-locks.ts";
import { describeAdvice, describeBloat, describeHot } from "./describe-forecast.ts";

/** One question that a reviewer asks before a job runs, answered from facts. */
export interface ChecklistLine {
  readonly question: string;
  readonly isGood: boolean;
  readonly answer: string;
}

/** Everything that `tidefill plan` shows. */
export interface WholePlan extends RunPlan {
  /** rows of the table that is read, by estimate, while the job's own rows are known only after its steps */
  readonly tableRows: number | null;
  readonly steps: readonly PlannedStep[];
  /** what the checks of SQL say of its steps and expressions */
  readonly sql: readonly SqlFinding[];
  readonly checklist: readonly ChecklistLine[];
  /** null unless they were asked for */
  readonly locks: readonly TracedStatement[] | null;
}

/** The plan as text: the summary, what it touches and costs, what to look at; the statements with `--sql`. */
export function describePlan(plan: WholePlan, summary: readonly string[], showsSql: boolean): string {
  return [
    `${plan.job}, ${plan.kind}`,
    "",
    ...summary,
    "",
    ...describeSteps(plan.steps, showsSql),
    ...describeRows(plan),
    ...describeWarnings(plan.warnings),
    ...(showsSql ? describeStatements(plan) : []),
    ...describeLocks(plan.locks),
    ...describeSql(plan.sql),
    "Checklist",
    ...plan.checklist.map(
      ({ question, isGood, answer }) => `  ${isGood ? "✓" : "–"} ${question.padEnd(12)} ${answer}`,
    ),
    "",
    ...(showsSql ? [] : [`Every statement: tidefill plan ${plan.job} --sql`]),
    "Nothing was written.",
  ].join("\n");
}

function describeWarnings(warnings: WholePlan["warnings"]): string[] {
  if (warnings.length === 0) return [];
  const lines = warnings.flatMap(({ check, message, remedy }) => [
    `  ${check}: ${message}`,
    `    → ${remedy}`,
  ]);
  return ["Know before the run", ...lines, ""];
}

function describeSteps(steps: readonly PlannedStep[], showsSql: boolean): string[] {
  if (steps.length === 0) return [];
  const lines = steps.flatMap(({ phase, name, isDone, statements, takesAway }) => [
    `  ${showsSql ? "-- " : ""}${phase === "expand" ? "before the rows" : takesAway ? "by tidefill contract" : "after the rows"}: ${name}${isDone ? " (done)" : ""}`,
    ...(isDone || !showsSql ? [] : statements.map((statement) => `  ${indent(statement).trimStart()}`)),
  ]);
  return ["Steps", ...lines, ""];
}

function describeLocks(locks: WholePlan["locks"]): string[] {
  if (locks === null) return [];
  const lines = locks.flatMap(({ statement, locks: taken, problem }) => [
    `  ${statement.replaceAll(/\s+/g, " ").slice(0, 100)}`,
    ...(taken ?? []).map(({ relation, mode }) => `    ${mode} on ${relation}`),
    ...(problem === null && taken?.length === 0 ? ["    none on a table"] : []),
    ...(problem === null ? [] : [`    ${problem}`]),
  ]);
  return ["Locks that the steps took", ...(lines.length === 0 ? ["  no step is open"] : lines), ""];
}

function describeSql(findings: readonly SqlFinding[]): string[] {
  if (findings.length === 0) return [];
  const lines = findings.flatMap(({ place, code, part, table, reason, safeForm }) => [
    `  ${place}: ${code}${(part ?? table) === null ? "" : ` (${part ?? table})`}: ${reason}`,
    `    → ${safeForm}`,
  ]);
  return ["SQL to look at", ...lines, ""];
}

function describeRows({ details }: WholePlan): string[] {
  if (details === null) return [];
  const { touched, verb } = details;
  const list = (items: readonly string[]): string =>
    items.length === 0 ? "none" : items.join("\n             ");
  return [
    `What ${verb === "insert" ? "an insert" : verb === "delete" ? "a delete" : "an update"} touches`,
    `  triggers   ${list(touched.triggers)}`,
    `  checked    ${list(touched.constraints)}`,
    `  referenced ${list(touched.referencedBy)}`,
    `  published  ${list(touched.publications)}`,
    `  generated  ${list(touched.generatedColumns)}`,
    `  indexes    ${list(touched.indexes)}`,
    ...(verb === "update" ? [`  HOT        ${describeHot(touched)}`] : []),
    "",
    ...describeForecast(details.forecast),
    "",
  ];
}

function describeStatements({ details }: WholePlan): string[] {
  if (details === null) return [];
  return [
    "Each batch, as it is sent",
    ...details.statements.flatMap(({ name, sql }) => [`  -- ${name}`, indent(sql), ""]),
    "How PostgreSQL finds the rows of a batch",
    ...details.queryPlan.map((line) => `  ${line}`),
    "",
  ];
}

/** What a run will cost besides its time, and what would make it cheaper. */
function describeForecast(forecast: Forecast): string[] {
  const { walBytes, undoLogBytes } = forecast;
  return [
    "What it costs, as an estimate",
    `  WAL        ${formatBytesInterval(walBytes)}, full-page images and undo log included`,
    `  bloat      ${describeBloat(forecast)}`,
    ...(undoLogBytes === null
      ? []
      : [`  undo log   ${formatBytesInterval(undoLogBytes)} on disk, until tidefill purge`]),
    ...describeAdvice(forecast).map((line) => `  cheaper    ${line}`),
  ];
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
