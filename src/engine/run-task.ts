import type { Pace } from "../job/pace.ts";
import type { ThrottleDefinition } from "../job/throttles.ts";
import type { Relation } from "../postgres/catalog.ts";
import type { Walk } from "../source/walk.ts";
import type { BatchWork } from "./batch-work.ts";

/** What a run goes over its whole key space once more for. */
export interface Sweeping {
  /** rows that came late */
  readonly hasPending: boolean;
  /** rejects that could be done now that others are: rows of one table refer to each other */
  readonly triesRejects: boolean;
}

/** What a run has to do, whatever its kind: the way through its rows, and the work on each batch. */
export interface RunTask {
  readonly walk: Walk;
  readonly work: BatchWork;
  readonly pace: Pace;
  /** what holds it back besides the signals that are always looked at */
  readonly throttles: readonly ThrottleDefinition[];
  readonly sweeping: Sweeping;
  /** the table whose dead rows are watched */
  readonly relation: Relation;
}
