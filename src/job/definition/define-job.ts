import { UsageError } from "../../errors.ts";
import { batchTimeMsOf, checkPace, type Pace } from "../pace/pace.ts";
import type { ThrottleDefinition } from "../pace/throttles.ts";
import type { Step } from "../steps/steps.ts";
import { type Calls, checkCalls } from "./calls.ts";
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
  readonly calls: Calls;
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
  const { source, transform, sink } = definition;
  if (typeof transform !== "function") {
    throw new UsageError(`Job ${definition.name} has no transform.`, {
      remedy: "Give it a function from a row to the sink's columns, or use defineSqlJob.",
    });
  }
  return Object.freeze({
    kind: "row job",
    ...common(definition),
    calls: checkCalls(definition.name, definition.calls ?? {}),
    bind: (parameters: object): BoundJob => ({
      source: fill(source, parameters as ParametersOf<P>),
      sink,
      transform: transform as unknown as Transform,
    }),
  });
}

/** Defines a job whose values are SQL expressions. */
export function defineSqlJob<const P extends ParameterSpec = Record<never, never>>(
  definition: SqlJobDefinition<P>,
): Job {
  const { source, sink } = definition;
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
    calls: {},
    throttles: [...throttles],
    rejectLimit: parseRejectLimit(rejectLimit),
    ...nature,
    ...stepsOf(definition),
    session: checkSession(name, definition.session ?? {}),
    known: { ...definition.known },
    ...precautions(definition),
  };
}
