import type { SqlContext } from "../../../../src/sql-checks/check-sql.ts";

/** What a code must be raised for, and what not, with the context that both stand in. */
export interface Cases {
  readonly context?: Partial<SqlContext>;
  readonly flagged: readonly string[];
  readonly fine: readonly string[];
}

export type CasesByCode = Readonly<Record<string, Cases>>;
