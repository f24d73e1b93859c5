import { RefusedError } from "../../errors.ts";
import type { Sql } from "../../postgres/sql/sql.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";

/** One statement of a step. The catalogue tells whether it is done, so it can be killed and run again. */
export interface StepStatement {
  readonly text: Sql;
  /** false for statements that PostgreSQL refuses inside a transaction */
  readonly isTransactional: boolean;
  /** outside of a transaction: no session queues behind it, so it may wait for a lock without a limit */
  readonly mayWait?: boolean;
  /** when it is needed at all, for messages; always when absent */
  readonly onlyIf?: string;
  /** removes what a failed attempt has left, before each further attempt */
  readonly clearing?: StepStatement;
  /** run once whatever `isDone` says: `isDone` detects only the whole result, and a part of it may exist */
  readonly mayBeHalfDone?: boolean;
  /** Whether it is already done. @throws RefusedError where something else is in its place, BusyError */
  isDone(db: Queryable): Promise<boolean>;
}

/** Another session does the same work now, such as the backend of a killed process: waiting is worthwhile. */
export class BusyError extends RefusedError {}

/** What a step does and how it is undone, each in order. */
export interface StepStatements {
  readonly up: readonly StepStatement[];
  /** null where it cannot be undone */
  readonly down: readonly StepStatement[] | null;
  /** Reads, before the step runs, what its undo will need. */
  readonly before?: (db: Queryable) => Promise<string | null>;
  /** What a failed attempt has left behind, for messages; null where there is nothing. */
  readonly left?: (db: Queryable) => Promise<string | null>;
  /** Whether its result exists in any state, where that does not require all of `up` to be done. */
  readonly isThere?: (db: Queryable) => Promise<boolean>;
}
