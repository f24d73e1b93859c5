import type { Node, TypeName } from "./parse-sql.ts";

/** What a rule may know about the text besides the statement that it looks at. */
export interface StatementContext {
  /** whether it runs inside a transaction, the caller's or one that the text began */
  readonly isTransactional: boolean;
  /** whether the caller has begun a transaction around the text */
  readonly isCallersTransaction: boolean;
  /** whether it may run a second time, after a failure or in another batch */
  readonly isRetried: boolean;
  /** whether it is the only statement of its text */
  readonly isAlone: boolean;
  /** tables and views that are not in use yet, by name as the text writes it, such as `app.users` */
  readonly tablesCreatedBefore: ReadonlySet<string>;
  /** types, functions and sequences that are not in use yet */
  readonly othersCreatedBefore: ReadonlySet<string>;
  /** constraints that this transaction has added as not valid, such as `app.users.email_is_set` */
  readonly notValidBefore: ReadonlySet<string>;
  /** columns, such as `app.users.email`, that a validated constraint proves to hold no null */
  readonly provenNotNull: ReadonlySet<string>;
  /** the conditions of validated check constraints, by table */
  readonly validChecks: ReadonlyMap<string, readonly Node[]>;
  /** values that this transaction has added to an enum that was there before it */
  readonly enumValuesAdded: ReadonlySet<string>;
  /** names in this statement that PostgreSQL would cut */
  readonly longNames: readonly string[];
  /** the types of columns that the caller knows, by column such as `app.users.email` */
  readonly columnTypes: ReadonlyMap<string, TypeName>;
}

/** Something that a rule has seen. */
export interface Match {
  readonly table: string | null;
  /** the column, constraint, index, function or other object concerned, if it has a name */
  readonly part: string | null;
}

/** One way in which SQL can harm a table that is in use. */
export interface Rule {
  /** stable: authors of jobs write it in `known` */
  readonly code: string;
  /** what would happen, as one sentence */
  readonly reason: string;
  /** what to write instead */
  readonly safeForm: string;
  /** Most rules spare a table that is not in use yet; this one does not, since it matters there too. */
  readonly sparesNoTable?: true;
  /** The matches in a statement; an expression comes as a `select` of it. */
  readonly find: (statement: Node, context: StatementContext) => readonly Match[];
}

/** What a rule reports about one statement of a text. */
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
