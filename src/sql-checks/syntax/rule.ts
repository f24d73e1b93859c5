import type { Node, TypeName } from "./parse-sql.ts";

/** What a rule may know of the text beside the statement in its hands. */
export interface StatementContext {
  /** whether it runs inside a transaction, the caller's or one that the text began */
  readonly isTransactional: boolean;
  /** whether the caller has begun a transaction around the text */
  readonly isCallersTransaction: boolean;
  /** whether it may run a second time, after a failure or in another batch */
  readonly isRetried: boolean;
  /** whether it is the only statement of its text */
  readonly isAlone: boolean;
  /** tables and views that nobody uses yet, by their names as the text writes them, such as `app.users` */
  readonly tablesCreatedBefore: ReadonlySet<string>;
  /** types, functions and sequences that nobody uses yet */
  readonly othersCreatedBefore: ReadonlySet<string>;
  /** constraints of this transaction added as not valid, such as `app.users.email_is_set` */
  readonly notValidBefore: ReadonlySet<string>;
  /** columns, such as `app.users.email`, of which a constraint that is validated says that they hold no null */
  readonly provenNotNull: ReadonlySet<string>;
  /** the conditions of checks that are validated, by the name of their table */
  readonly validChecks: ReadonlyMap<string, readonly Node[]>;
  /** values that this transaction has added to an enum that was there before it */
  readonly enumValuesAdded: ReadonlySet<string>;
  /** names in this statement of which PostgreSQL would keep the beginning only */
  readonly longNames: readonly string[];
  /** the types of columns, where the caller knows them, by names such as `app.users.email` */
  readonly columnTypes: ReadonlyMap<string, TypeName>;
}

/** Something that a rule has seen. */
export interface Match {
  readonly table: string | null;
  /** the column, constraint, index, function or other thing that it is about, if it can be named */
  readonly part: string | null;
}

/** One way in which SQL can harm a table that is in use. */
export interface Rule {
  /** stable: callers write it down when they know better */
  readonly code: string;
  /** what would happen, as one sentence */
  readonly reason: string;
  /** what to write instead */
  readonly safeForm: string;
  /** Most rules spare a table that was created earlier in the text; one that concerns more than its present users does not. */
  readonly sparesNoTable?: true;
  /** Answers what it sees in a statement, or in an expression, which comes as the `select` of it. */
  readonly find: (statement: Node, context: StatementContext) => readonly Match[];
}

/** What a rule says of one statement of a text. */
export interface Finding extends Match {
  readonly code: string;
  readonly reason: string;
  readonly safeForm: string;
  readonly statement: {
    /** counted from 1, as are line and column */
    readonly number: number;
    readonly line: number;
    readonly column: number;
  };
}
