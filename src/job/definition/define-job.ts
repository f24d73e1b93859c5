import { UsageError } from "../../errors.ts";
import { requireKnownNames } from "../../require-known-names.ts";
import { batchTimeMsOf, checkPace, type Pace } from "../pace/pace.ts";
import type { ThrottleDefinition } from "../pace/throttles.ts";
import type { Step } from "../steps/steps.ts";
import { type CallRules, type Calls, checkCalls } from "./calls.ts";
import type {
  BackupRule,
  CommonDefinition,
  FromParameters,
  IntegrityQuery,
  JobContext,
  JobDefinition,
  SinkDefinition,
  SourceDefinition,
  SqlJobDefinition,
  SqlSinkDefinition,
  StepsDefinition,
  TransformContext,
} from "./job-definition.ts";
import { requireJobName } from "./job-name.ts";
import type { ParameterSpec, ParametersOf } from "./parameters.ts";
import { precautions, stepsOf } from "./precautions.ts";
import { parseRejectLimit, type RejectLimit } from "./reject-limit.ts";
import { checkSession, type SessionSettings } from "./session-settings.ts";

/** Takes one row, or with `rowsPerCall` the rows of a call. */
export type Transform = (row: object, context: TransformContext<object>) => unknown;

/** A job with its parameters filled in: the input of a plan. */
export interface BoundJob {
  readonly source: SourceDefinition<unknown>;
  readonly sink: SinkDefinition<unknown> | SqlSinkDefinition;
  /** null in an SQL job */
  readonly transform: Transform | null;
}

/** A checked and frozen definition. */
export interface Job {
  readonly kind: "row job" | "sql job" | "steps";
  readonly name: string;
  readonly parameters: ParameterSpec;
  readonly pace: Pace;
  readonly batchTimeMs: number;
  /** how its transform asks other systems; null where it does not */
  readonly calls: CallRules | null;
  readonly throttles: readonly ThrottleDefinition[];
  readonly rejectLimit: RejectLimit;
  readonly undoable: boolean;
  readonly personalData: boolean;
  readonly destructive: boolean;
  readonly expand: readonly Step[];
  readonly contract: readonly Step[];
  readonly after: readonly string[];
  readonly session: SessionSettings;
  readonly known: Readonly<Record<string, string>>;
  readonly integrity: readonly IntegrityQuery[];
  readonly backup: { readonly maxAgeMs: number; readonly check: BackupRule["check"] | null };
  bind(parameters: object): BoundJob;
}

/** Defines a job with a transform in TypeScript, which returns only the sink's columns; the key is kept. */
export function defineJob<
  Read extends object,
  Written extends object,
  const P extends ParameterSpec = Record<never, never>,
>(definition: JobDefinition<Read, Written, P>): Job {
  const { source, sink } = definition;
  requireNames(definition, ["source", "sink", "transform", "transformBatch", "calls"]);
  const { calls, transform } = transformOf(definition);
  return Object.freeze({
    kind: "row job",
    ...common(definition),
    calls,
    bind: (parameters: object): BoundJob => ({
      source: fill(source, parameters as ParametersOf<P>),
      sink,
      transform,
    }),
  });
}

/** @throws UsageError where the job has no transform, or two, or `rowsPerCall` does not fit it */
function transformOf(definition: {
  readonly name: string;
  readonly transform?: unknown;
  readonly transformBatch?: unknown;
  readonly calls?: Calls;
}): Pick<Job, "calls"> & { readonly transform: Transform } {
  const { name, transform, transformBatch } = definition;
  const calls = definition.calls === undefined ? null : checkCalls(name, definition.calls);
  const isBatch = typeof transformBatch === "function";
  if (isBatch === (typeof transform === "function")) {
    throw new UsageError(
      `Job ${name} has ${isBatch ? "both a transform and a transformBatch" : "no transform"}.`,
      { remedy: "Give it one function from a row to the sink's columns, or use defineSqlJob." },
    );
  }
  if (isBatch !== (calls !== null && calls.rowsPerCall !== null)) {
    throw new UsageError(
      `Job ${name} has ${isBatch ? "a transformBatch without" : "a transform and"} \`rowsPerCall\`.`,
      {
        remedy: "transformBatch and calls: { rowsPerCall: 100 } belong together.",
      },
    );
  }
  return { calls, transform: (isBatch ? transformBatch : transform) as Transform };
}

/** Defines a job whose values are SQL expressions. */
export function defineSqlJob<const P extends ParameterSpec = Record<never, never>>(
  definition: SqlJobDefinition<P>,
): Job {
  const { source, sink } = definition;
  requireNames(definition, ["source", "sink"]);
  return Object.freeze({
    kind: "sql job",
    ...common(definition),
    bind: (parameters: object): BoundJob => ({
      source: fill(source, parameters as ParametersOf<P>),
      sink: fill(sink, parameters as ParametersOf<P>),
      transform: null,
    }),
  });
}

/** Defines a job that only changes the schema. */
export function defineSteps(definition: StepsDefinition): Job {
  const { name, expand = [], contract = [] } = definition;
  requireNames(definition, []);
  if (expand.length + contract.length === 0)
    throw new UsageError(`Job ${name} has no steps.`, { remedy: "Give it expand: [addColumn(…)]." });
  return Object.freeze({
    kind: "steps",
    ...common(definition),
    bind: (): BoundJob => {
      throw new UsageError(`Job ${name} has only steps: there are no rows to work on.`);
    },
  });
}

/** Whether a value is a job, made by any copy of this package. */
export function isJob(value: unknown): value is Job {
  return (
    typeof value === "object" &&
    value !== null &&
    "kind" in value &&
    (value.kind === "row job" || value.kind === "sql job" || value.kind === "steps")
  );
}

function fill<T, P>(given: FromParameters<T, P>, parameters: P): T {
  return typeof given === "function" ? (given as (context: JobContext<P>) => T)({ parameters }) : given;
}

/** The names of what each kind of job may have. The compiler reports a missing one. */
const commonNames: Readonly<Record<keyof CommonDefinition<ParameterSpec>, true>> = {
  name: true,
  parameters: true,
  pace: true,
  throttles: true,
  rejectLimit: true,
  undoable: true,
  destructive: true,
  personalData: true,
  expand: true,
  contract: true,
  after: true,
  session: true,
  known: true,
  integrity: true,
  backup: true,
};

const paceNames: Readonly<Record<keyof Pace, true>> = { batchTime: true, rowsPerSecond: true, window: true };

/** @throws UsageError for a mistyped name */
function requireNames(
  definition: { readonly name: string; readonly pace?: Pace },
  own: readonly string[],
): void {
  const { name, pace = {} } = definition;
  requireKnownNames(`Job ${name}`, definition, [...Object.keys(commonNames), ...own]);
  requireKnownNames(`The pace of job ${name}`, pace, Object.keys(paceNames));
}

function common(definition: CommonDefinition<ParameterSpec>) {
  const { name, parameters = {}, pace = {}, throttles = [], rejectLimit = 100 } = definition;
  requireJobName(name);
  const { undoable = true, personalData = false, destructive = false } = definition;
  const nature = { undoable, personalData, destructive };
  return {
    name,
    parameters,
    pace: checkPace(pace),
    batchTimeMs: batchTimeMsOf(pace.batchTime ?? "250ms"),
    calls: null,
    throttles: [...throttles],
    rejectLimit: parseRejectLimit(rejectLimit),
    ...nature,
    ...stepsOf(definition),
    session: checkSession(name, definition.session ?? {}),
    known: { ...definition.known },
    ...precautions(definition),
  };
}
