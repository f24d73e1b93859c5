import { UsageError } from "../errors.ts";
import { Sql } from "../postgres/sql.ts";
import { type Duration, parseDuration } from "./duration.ts";
import { batchTimeMsOf, checkPace, type Pace } from "./pace.ts";
import type { ParameterSpec, ParametersOf } from "./parameters.ts";
import { parseRejectLimit, type RejectLimit } from "./reject-limit.ts";
import type { Step } from "./steps.ts";
import type { ThrottleDefinition } from "./throttles.ts";
import type { Verdict } from "./verdict.ts";

/** Where a job's rows come from; made by `rowsOf`, `rows`, `csvFile` and `ndjsonFile`. */
export interface SourceDefinition<Row> {
  /** Only for the compiler: what the source yields. */
  readonly yields?: Row;
  /** Everything about it that decides what the job does, as plain data. */
  describe(): unknown;
}

/** Where a job's results go; made by `update`, `insertInto`, `deleteFrom` and `move`. */
export interface SinkDefinition<Row> {
  /** Only for the compiler: what the sink takes. */
  readonly takes?: Row;
  describe(): unknown;
}

/** A sink whose values are SQL expressions; made by the same functions with expressions. */
export interface SqlSinkDefinition {
  readonly expressions: Readonly<Record<string, unknown>>;
  describe(): unknown;
}

export interface JobContext<P> {
  readonly parameters: P;
}

export interface TransformContext<P> extends JobContext<P> {
  /** Fires when the run is told to stop at once; give it to whatever an async transform waits for. */
  readonly signal: AbortSignal;
}

type FromParameters<T, P> = T | ((context: JobContext<P>) => T);

interface CommonDefinition<P extends ParameterSpec> {
  /** lower case words joined by hyphens; the name of the job's file */
  readonly name: string;
  readonly parameters?: P;
  readonly pace?: Pace;
  /** what holds its runs back, besides what is always looked at; made by `replicaLag`, `sqlThrottle` and others */
  readonly throttles?: readonly ThrottleDefinition[];
  /** how many rejects stop the run, as a number or as a share of the rows read (`"0.5%"`); 100 unless told otherwise */
  readonly rejectLimit?: RejectLimit;
  /** whether a run keeps what it overwrites, so that `tidefill undo` can take it back; true unless there is a reason */
  readonly undoable?: boolean;
  /** the job destroys something although it keeps an undo log: it wants a verified backup before it starts */
  readonly destructive?: boolean;
  /** the rows are about persons: no value of theirs is shown or kept anywhere, and the undo log is encrypted */
  readonly personalData?: boolean;
  /** changes of the schema before the rows, in their order */
  readonly expand?: readonly Step[];
  /** changes of the schema after the run is complete and verified, in their order */
  readonly contract?: readonly Step[];
  /** the names of the jobs that must have succeeded before */
  readonly after?: readonly string[];
  /** "I know": codes of SQL checks of its expressions, each with the reason why that is right here */
  readonly known?: Readonly<Record<string, string>>;
  /** queries that must return no row, before the run and after it */
  readonly integrity?: readonly IntegrityQuery[];
  /** what has to be there before the job may destroy something that no undo log keeps */
  readonly backup?: BackupRule;
}

/** A job of schema changes alone. */
export type StepsDefinition = Pick<
  CommonDefinition<Record<never, never>>,
  "name" | "expand" | "contract" | "after" | "integrity" | "backup"
>;

/** Something that must always hold: `query` returns the rows that break it, so it must return none. */
export interface IntegrityQuery {
  readonly name: string;
  readonly query: Sql;
}

export interface BackupRule {
  /** how old a verified backup of tidefill's may be; 24 hours unless told otherwise */
  readonly maxAge?: Duration;
  /** a check of your own in its place, of the last backup of another tool: resolves to false, or throws, to refuse */
  readonly check?: () => boolean | Promise<boolean>;
}

/** A job with a transform in TypeScript. */
export interface JobDefinition<Read, Written, P extends ParameterSpec> extends CommonDefinition<P> {
  readonly source: FromParameters<SourceDefinition<Read>, ParametersOf<P>>;
  readonly transform: (
    row: NoInfer<Read>,
    context: TransformContext<ParametersOf<P>>,
  ) => NoInfer<Written> | Verdict | Promise<NoInfer<Written> | Verdict>;
  readonly sink: SinkDefinition<Written>;
}

/** A job whose values are SQL expressions: no row leaves the database. */
export interface SqlJobDefinition<P extends ParameterSpec> extends CommonDefinition<P> {
  readonly source: FromParameters<SourceDefinition<object>, ParametersOf<P>>;
  readonly sink: FromParameters<SqlSinkDefinition, ParametersOf<P>>;
}

export type Transform = (row: object, context: TransformContext<object>) => unknown;

/** A job with its parameters filled in: what a plan is made of. */
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
  readonly throttles: readonly ThrottleDefinition[];
  readonly rejectLimit: RejectLimit;
  readonly undoable: boolean;
  readonly personalData: boolean;
  readonly destructive: boolean;
  readonly expand: readonly Step[];
  readonly contract: readonly Step[];
  readonly after: readonly string[];
  readonly known: Readonly<Record<string, string>>;
  readonly integrity: readonly IntegrityQuery[];
  readonly backup: { readonly maxAgeMs: number; readonly check: BackupRule["check"] | null };
  bind(parameters: object): BoundJob;
}

const maxNameBytes = 63;

/** Defines a job with a transform in TypeScript. The key travels by itself; answer only the sink's columns. */
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
      throw new UsageError(`Job ${name} has steps only: there are no rows to work on.`);
    },
  });
}

/** Whether a value is a job, whichever copy of this package made it. */
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
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name) || name.length > maxNameBytes) {
    throw new UsageError(`"${name}" is not a job's name.`, {
      remedy: `Use lower-case words joined by hyphens, at most ${maxNameBytes} characters: "fill-word-count".`,
    });
  }
  const { undoable = true, personalData = false, destructive = false } = definition;
  const nature = { undoable, personalData, destructive };
  return {
    name,
    parameters,
    pace: checkPace(pace),
    batchTimeMs: batchTimeMsOf(pace.batchTime ?? "250ms"),
    throttles: [...throttles],
    rejectLimit: parseRejectLimit(rejectLimit),
    ...nature,
    ...stepsOf(definition),
    known: { ...definition.known },
    ...precautions(definition),
  };
}

/** @throws UsageError where two steps of a phase read the same: their names tell them apart */
function stepsOf({ name, expand = [], contract = [], after = [] }: CommonDefinition<ParameterSpec>) {
  for (const steps of [expand, contract]) {
    const names = steps.map((step) => step.name);
    const twice = names.find((each, index) => names.indexOf(each) !== index);
    if (twice !== undefined)
      throw new UsageError(`Job ${name} has the step "${twice}" twice.`, {
        remedy: "Leave one of them out, or give sqlStep another name.",
      });
  }
  return { expand: [...expand], contract: [...contract], after: [...after] };
}

function precautions({ name, integrity = [], backup = {} }: CommonDefinition<ParameterSpec>) {
  for (const { name: rule, query } of integrity) {
    if (rule !== "" && query instanceof Sql) continue;
    throw new UsageError(`An integrity query of job ${name} has no name or is not SQL.`, {
      remedy: 'Write integrity: [{ name: "every essay has a student", query: sql`select …` }].',
    });
  }
  const maxAgeMs = parseDuration(backup.maxAge ?? "24h");
  return { integrity: [...integrity], backup: { maxAgeMs, check: backup.check ?? null } };
}
