import type { SqlContext } from "../../../../src/sql-checks/check-sql.ts";

/** SQL for which a code must be raised, and SQL for which it must not, with the context of both. */
export interface Cases {
  readonly context?: Partial<SqlContext>;
  readonly flagged: readonly string[];
  readonly fine: readonly string[];
}

export type CasesByCode = Readonly<Record<string, Cases>>;
