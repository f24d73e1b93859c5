import type { Pace } from "../../job/pace/pace.ts";
import type { ThrottleDefinition } from "../../job/pace/throttles.ts";
import type { Relation } from "../../postgres/catalog/relation.ts";
import type { TriggerGuard } from "../../postgres/catalog/trigger-guard.ts";
import type { Database } from "../../postgres/transaction/database.ts";
import type { Walk } from "../../source/walk.ts";
import type { BatchWork } from "./batch-work.ts";

/** What a run goes over its whole key space once more for. */
export interface Sweeping {
  /** rows that came late */
  readonly hasPending: boolean;
  /** rejects by constraints that could be done now that others are: rows of one table refer to each other */
  readonly triesConstraints: boolean;
  /** how rejects are tried again whose reason may have passed: by their keys, in whole sweeps, or not at all */
  readonly retries: "list" | "sweep" | null;
  /** what is left to do when all rows are done; answers what people should know, or null */
  readonly lastly?: (db: Database) => Promise<string | null>;
}

/** What a run has to do, whatever its kind: the way through its rows, and the work on each batch. */
export interface RunTask {
  readonly walk: Walk;
  readonly work: BatchWork;
  readonly pace: Pace;
  /** transforms that a process may have under way at once, as the job says it */
  readonly atOnce?: number | undefined;
  /** the job's own throttles, besides the signals that are always looked at */
  readonly throttles: readonly ThrottleDefinition[];
  readonly sweeping: Sweeping;
  /** the way and the work by which listed rejects are tried again by their keys; null where only a sweep over all keys can */
  readonly ofRejects: { readonly walk: Walk; readonly work: BatchWork } | null;
  /** the table whose keys are walked; absent where there are none */
  readonly walked?: Relation;
  /** the table whose dead rows are watched */
  readonly relation: Relation;
  /** the tables whose rows it writes */
  readonly writes: readonly Relation[];
  /** the triggers whose absence its statements rely on */
  readonly guards: readonly TriggerGuard[];
}
