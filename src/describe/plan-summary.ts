import { wholeOf } from "../engine/preview/dry-calls.ts";
import { displayName } from "../job/columns/table.ts";
import type { BoundJob, Job } from "../job/definition/define-job.ts";
import { formatBytesInterval, formatCount, formatInterval } from "../observe/format.ts";
import type { RunPlan } from "../plan/plan-run.ts";
import type { PlannedStep } from "../plan/plan-steps.ts";
import { TableRows } from "../source/table/table-rows.ts";
import { describeWhole } from "./describe-calls.ts";
import { describePace } from "./describe-pace.ts";
import type { WholePlan } from "./describe-plan.ts";

const widest = 100;

/**
 * What a reviewer asks first, a line each: what, where, how many rows, how long, at what cost, how to undo
 * it.
 */
export function planSummary(plan: WholePlan, job: Job, bound: BoundJob | null): string[] {
  const facts: readonly (readonly [string, string | null])[] = [
    ["does", bound === null ? "changes the schema, and no rows" : whatItDoes(bound)],
    ["where", bound === null ? null : whereOf(bound)],
    ["rows", bound === null ? null : rowsOf(plan)],
    ["time", timeOf(plan)],
    ["pace", Object.keys(job.pace).length === 0 ? null : describePace(job.pace)],
    ["costs", costsOf(plan)],
    ["calls", bound === null ? null : callsOf(job, bound, plan)],
    ["steps", stepsOf(plan.steps)],
    ["undo", undoOf(plan)],
    ["checks", checksOf(plan)],
    ["look at", lookAt(plan)],
  ];
  return facts.flatMap(([name, value]) => (value === null ? [] : [`  ${name.padEnd(10)} ${value}`]));
}

/** A sink as it describes itself. */
interface SinkDescription {
  readonly sink: "update" | "insertInto" | "deleteFrom" | "move";
  readonly schema: string | null;
  readonly name: string;
  readonly columns?: object;
  readonly expressions?: object;
  readonly onConflict?: { readonly do: string } | null;
  readonly into?: SinkDescription;
}

function whatItDoes({ sink, transform }: BoundJob): string {
  const how = transform === null ? "in SQL" : "by its transform";
  return `${verbOf(sink.describe() as SinkDescription)}, ${how}`;
}

function verbOf(description: SinkDescription): string {
  const { sink, into, columns, expressions, onConflict } = description;
  const table = displayName(description);
  const named = Object.keys(columns ?? expressions ?? {}).join(", ");
  switch (sink) {
    case "update":
      return `updates ${named} of ${table}`;
    case "deleteFrom":
      return `deletes rows of ${table}`;
    case "move":
      return `moves rows of ${table} into ${into === undefined ? "another table" : displayName(into)}`;
    case "insertInto":
      return `inserts rows into ${table}${onConflict?.do === "update" ? ", or updates those that are there" : ""}`;
  }
}

function whereOf({ source }: BoundJob): string {
  if (!(source instanceof TableRows)) {
    const { kind, path } = source.describe() as { readonly kind?: string; readonly path?: string };
    return path === undefined ? "rows that the job itself provides" : `the ${kind} ${path}`;
  }
  const { table, where, pending } = source;
  const conditions = [where, pending].flatMap((each) => (each === null ? [] : [each.toString()]));
  const all = conditions.length > 1 ? conditions.map((each) => `(${each})`).join(" and ") : conditions[0];
  const scope = (all ?? "every row").replaceAll(/\s+/g, " ").trim();
  const shown = scope.length > widest ? `${scope.slice(0, widest - 1)}…` : scope;
  return `${shown}, in the order of ${table.key.join(", ")} of ${displayName(table)}`;
}

function rowsOf({ details, refusals, tableRows }: WholePlan): string {
  if (details !== null)
    return `~${formatCount(details.estimatedRows)} to do among ~${formatCount(details.keysWalked)} keys, as estimated`;
  if (refusals.length > 0) return "not known: a run would be refused";
  return tableRows === null
    ? "known once the steps before them are done"
    : `at most the ~${formatCount(tableRows)} of the table, as estimated; time and costs are known after the steps`;
}

function timeOf({ job, kind, details }: RunPlan): string | null {
  if (kind === "steps" || details === null) return null;
  const { forecast, window } = details;
  if (forecast.seconds === null) return `not measured yet: tidefill run ${job} --dry-run`;
  const { low, high } = forecast.seconds;
  const open = window === null ? "" : `, while its window is open: ${window}`;
  return `${formatInterval([low, high])}, measured by run ${forecast.measuredByRun}${open}`;
}

function costsOf({ details }: RunPlan): string | null {
  if (details === null) return null;
  const { walBytes, undoLogBytes } = details.forecast;
  const log = undoLogBytes === null ? "" : `, and ${formatBytesInterval(undoLogBytes)} of undo log`;
  return `${formatBytesInterval(walBytes)} of WAL${log}`;
}

/** Before a transform is called, only one declared `async` is known to be asynchronous. */
function callsOf({ calls }: Job, { transform }: BoundJob, { details }: RunPlan): string | null {
  if (calls === null)
    return transform?.constructor.name === "AsyncFunction"
      ? "the transform is asynchronous; if it asks another system, write calls: {} in the job: it then holds no row meanwhile"
      : null;
  const { atOnce, perSecond, rowsPerCall } = calls;
  const limits = [
    `${formatCount(atOnce)} at once in each process`,
    ...(perSecond === null ? [] : [`at most ${perSecond} a second`]),
    ...(rowsPerCall === null ? [] : [`${formatCount(rowsPerCall)} rows each`]),
  ].join(", ");
  if (details === null) return limits;
  const whole = wholeOf(calls, details.estimatedRows, null);
  return [`~${formatCount(whole.calls)}, ${limits}`, ...describeWhole(whole)].join("; ");
}

function stepsOf(steps: readonly PlannedStep[]): string | null {
  const places = [
    ["before the rows", steps.filter(({ phase }) => phase === "expand")],
    ["after them", steps.filter(({ phase, takesAway }) => phase === "contract" && !takesAway)],
    ["by tidefill contract", steps.filter(({ phase, takesAway }) => phase === "contract" && takesAway)],
  ] as const;
  const told = places
    .filter(([, some]) => some.length > 0)
    .map(([place, some]) => {
      const done = some.filter(({ isDone }) => isDone).length;
      return `${some.length} ${place}${done === 0 ? "" : done === some.length ? " (done)" : ` (${done} done)`}`;
    });
  return told.length === 0 ? null : told.join(", ");
}

function undoOf({ checklist, details }: WholePlan): string | null {
  const answer = checklist.find(({ question }) => question === "reversible")?.answer ?? null;
  return answer !== null && details?.undoLog === "encrypted"
    ? `${answer}; old values are kept encrypted`
    : answer;
}

function checksOf({ checks, refusals }: RunPlan): string | null {
  if (refusals.length > 0) return `a run would be refused: ${refusals.map(({ check }) => check).join(", ")}`;
  return checks.length === 0 ? null : `${checks.length} passed`;
}

/** What needs attention; the details follow below. */
function lookAt({ checklist, sql, details }: WholePlan): string | null {
  const advice = details?.forecast.advice.length ?? 0;
  const things = [
    ...(sql.length > 0 ? ["its SQL"] : []),
    ...(advice > 0 ? ["what would make it cheaper"] : []),
    ...checklist.filter(({ isGood }) => !isGood).map(({ question }) => question),
  ];
  return things.length === 0 ? null : `${things.join(", ")}: below`;
}
