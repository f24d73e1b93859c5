import type { SqlLike } from "../../postgres/sql/built-query.ts";
import type { Sql } from "../../postgres/sql/sql.ts";
import type { Duration } from "../pace/duration.ts";
import type { Pace } from "../pace/pace.ts";
import type { ThrottleDefinition } from "../pace/throttles.ts";
import type { Step } from "../steps/steps.ts";
import type { Calls } from "./calls.ts";
import type { Later } from "./later.ts";
import type { ParameterSpec, ParametersOf } from "./parameters.ts";
import type { RejectLimit } from "./reject-limit.ts";
import type { SessionSettings } from "./session-settings.ts";
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

/** A sink whose values are SQL expressions; made by the same functions when they are given expressions. */
export interface SqlSinkDefinition {
  readonly expressions: Readonly<Record<string, unknown>>;
  describe(): unknown;
}

export interface JobContext<P> {
  readonly parameters: P;
}

export interface TransformContext<P> extends JobContext<P> {
  /** Fires when the answer is no longer waited for; pass it to everything that an async transform waits for. */
  readonly signal: AbortSignal;
  /**
   * in a job with `calls`: names the job, the run, the row and its input, so that another system can tell a
   * repeated call; for `transformBatch` it names all rows of the call
   */
  readonly idempotencyKey: string;
  /** in a job with `calls`: 1 for the first call for this input, then counted up */
  readonly attempt: number;
}

export type FromParameters<T, P> = T | ((context: JobContext<P>) => T);

export interface CommonDefinition<P extends ParameterSpec> {
  /** lower-case words joined by hyphens; also the name of the job's file */
  readonly name: string;
  readonly parameters?: P;
  readonly pace?: Pace;
  /** signals that hold its runs back, besides those always looked at; made by `replicaLag` and similar functions */
  readonly throttles?: readonly ThrottleDefinition[];
  /** how many rejects stop the run: a number, or a share of the rows read (`"0.5%"`); 100 by default */
  readonly rejectLimit?: RejectLimit;
  /** whether a run keeps what it overwrites, so that `tidefill undo` can put it back; true by default */
  readonly undoable?: boolean;
  /** the job destroys something despite its undo log: it needs a verified backup before it starts */
  readonly destructive?: boolean;
  /** the rows are about persons: their values are neither shown nor stored, and the undo log is encrypted */
  readonly personalData?: boolean;
  /** schema changes before the rows, in order */
  readonly expand?: readonly Step[];
  /** schema changes after the run is complete and verified, in order */
  readonly contract?: readonly Step[];
  /** the names of the jobs that must have succeeded before this one */
  readonly after?: readonly string[];
  /**
   * custom settings such as `{ "app.user_id": "0" }` that triggers, policies and the job's own SQL read with
   * `current_setting`; set in every transaction of its runs, undos and verifies, and only for that
   * transaction
   */
  readonly session?: SessionSettings;
  /** acknowledged SQL checks: the code of each, with the reason why the expression is right here */
  readonly known?: Readonly<Record<string, string>>;
  /** queries that must return no row, before the run and after it */
  readonly integrity?: readonly IntegrityQuery<SqlLike>[];
  /** the backup that must exist before the job may destroy something that no undo log keeps */
  readonly backup?: BackupRule;
}

/** A job that only changes the schema. */
export type StepsDefinition = Pick<
  CommonDefinition<Record<never, never>>,
  "name" | "expand" | "contract" | "after" | "integrity" | "backup"
> & {
  /** the hours in which a step may begin */
  readonly pace?: Pick<Pace, "window">;
};

/** A rule that must always hold: `query` returns the rows that break it, so it must return none. */
export interface IntegrityQuery<Query = Sql> {
  readonly name: string;
  readonly query: Query;
}

export interface BackupRule {
  /** how old a verified backup of tidefill may be; 24 hours by default */
  readonly maxAge?: Duration;
  /** your own check instead, for a backup of another tool: refuses by resolving to false or throwing */
  readonly check?: () => boolean | Promise<boolean>;
}

/** What becomes of a row: the sink's columns, or a verdict. */
type Answer<Written> = NoInfer<Written> | Verdict | Later;

/** A transform of one row, or one that asks about several rows in one call, and answers in their order. */
type TransformDefinition<Read, Written, P> =
  | {
      /** the transform asks another system: it runs outside of any transaction */
      readonly calls?: Omit<Calls, "rowsPerCall"> & { readonly rowsPerCall?: never };
      readonly transform: (
        row: NoInfer<Read>,
        context: TransformContext<P>,
      ) => Answer<Written> | Promise<Answer<Written>>;
      readonly transformBatch?: never;
    }
  | {
      readonly calls: Calls & { readonly rowsPerCall: number };
      readonly transformBatch: (
        rows: readonly NoInfer<Read>[],
        context: TransformContext<P>,
      ) => readonly Answer<Written>[] | Later | Promise<readonly Answer<Written>[] | Later>;
      readonly transform?: never;
    };

/** A job with a transform in TypeScript. */
export type JobDefinition<Read, Written, P extends ParameterSpec> = CommonDefinition<P> &
  TransformDefinition<Read, Written, ParametersOf<P>> & {
    readonly source: FromParameters<SourceDefinition<Read>, ParametersOf<P>>;
    readonly sink: SinkDefinition<Written>;
  };

/** A job whose values are SQL expressions: no row leaves the database. */
export interface SqlJobDefinition<P extends ParameterSpec> extends CommonDefinition<P> {
  readonly source: FromParameters<SourceDefinition<object>, ParametersOf<P>>;
  readonly sink: FromParameters<SqlSinkDefinition, ParametersOf<P>>;
}
