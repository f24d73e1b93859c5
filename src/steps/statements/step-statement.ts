import { RefusedError } from "../../errors.ts";
import type { Sql } from "../../postgres/sql/sql.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";

/** One statement of a step. The catalogue tells whether it is done, so that it can be killed at any instant and done again. */
export interface StepStatement {
  readonly text: Sql;
  /** false for what PostgreSQL refuses inside a transaction */
  readonly isTransactional: boolean;
  /** outside of a transaction: nobody queues behind it, so that it may wait for a lock as long as it takes */
  readonly mayWait?: boolean;
  /** when it is needed at all, for people; always when absent */
  readonly onlyIf?: string;
  /** takes away what an attempt that failed has left, before each further one */
  readonly clearing?: StepStatement;
  /** tried once whatever `isDone` says: that tells the whole from what is not the whole, and here half may be there */
  readonly mayBeHalfDone?: boolean;
  /** Whether it is done already. @throws RefusedError where something else stands in its place, BusyError */
  isDone(db: Queryable): Promise<boolean>;
}

/** Somebody is at the same work at this moment, such as the backend of a process that was killed: it is worth waiting. */
export class BusyError extends RefusedError {}

/** What a step does and how it is undone, in this order. */
export interface StepStatements {
  readonly up: readonly StepStatement[];
  /** null where it cannot be undone */
  readonly down: readonly StepStatement[] | null;
  /** Asks, before the step is done, what its undo will need. */
  readonly before?: (db: Queryable) => Promise<string | null>;
  /** What an attempt that failed has left behind, for people; null where there is nothing. */
  readonly left?: (db: Queryable) => Promise<string | null>;
  /** Whether what it makes is there, in whatever state, when not all of `up` need be done for that. */
  readonly isThere?: (db: Queryable) => Promise<boolean>;
}
