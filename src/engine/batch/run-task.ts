import type { CallRules } from "../../job/definition/calls.ts";
import type { Pace } from "../../job/pace/pace.ts";
import type { ThrottleDefinition } from "../../job/pace/throttles.ts";
import type { Relation } from "../../postgres/catalog/relation.ts";
import type { TriggerGuard } from "../../postgres/catalog/trigger-guard.ts";
import type { Database } from "../../postgres/transaction/database.ts";
import type { Walk } from "../../source/walk.ts";
import type { BatchWork } from "./batch-work.ts";

/** Why a run sweeps, and what it does at its end. */
export interface Sweeping {
  /** whether it sweeps for rows that came late */
  readonly hasPending: boolean;
  /** Whether a single short statement shows that no row is pending, so that no range need be walked again. */
  readonly isDone?: (db: Database) => Promise<boolean>;
  /** whether constraint rejects may pass once other rows are done: rows of one table refer to each other */
  readonly triesConstraints: boolean;
  /** how rejects are tried again whose reason may have passed: by key, in sweeps over all keys, or never */
  readonly retries: "list" | "sweep" | null;
  /** whether all rejects have to be tried once more, since the run was resumed after there were too many */
  readonly owesRetry?: boolean;
  /** runs when all rows are done; returns what an operator should know, or null */
  readonly lastly?: (db: Database) => Promise<string | null>;
}

/** What a run of any kind has to do: the walk through its rows, and the work on each batch. */
export interface RunTask {
  readonly walk: Walk;
  readonly work: BatchWork;
  readonly pace: Pace;
  /** how the work asks other systems; null or absent where it does not */
  readonly calls?: CallRules | null;
  /** the job's own throttles, besides the signals that are always looked at */
  readonly throttles: readonly ThrottleDefinition[];
  readonly sweeping: Sweeping;
  /** the walk and work that try listed rejects again by key; null where only a sweep over all keys can */
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
