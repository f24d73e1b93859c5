import { UsageError } from "../../errors.ts";
import { type SqlLike, sqlWithin } from "../../postgres/sql/built-query.ts";
import { bracketed, quoteIdentifier, raw, Sql, sql } from "../../postgres/sql/sql.ts";
import { displayName, parseTableName, type Table } from "../columns/table.ts";
import { requireNamesFit } from "./require-names-fit.ts";

/** A table's name as a step stores it. */
export interface StepTable {
  readonly schema: string | null;
  readonly name: string;
}

/** One schema change of a job: made by the functions below, done and undone by `src/steps`. */
export type Step = {
  /** what it does, for messages; also tells the steps of a job apart */
  readonly name: string;
  /** acknowledged SQL checks: the code of each, with the reason why the step is right here */
  readonly known: Readonly<Record<string, string>>;
} & (
  | {
      readonly kind: "add column";
      readonly table: StepTable;
      readonly column: string;
      readonly type: string;
      readonly default: Sql | null;
      readonly notNull: boolean;
    }
  | { readonly kind: "create table"; readonly table: StepTable; readonly statement: Sql }
  | {
      readonly kind: "create index";
      readonly index: string;
      readonly table: StepTable;
      readonly method: string;
      readonly by: Sql;
      readonly where: Sql | null;
      readonly unique: boolean;
    }
  | { readonly kind: "drop index"; readonly index: StepTable }
  | {
      readonly kind: "add constraint";
      readonly table: StepTable;
      readonly constraint: string;
      /** the SQL after `add constraint <name>` */
      readonly definition: Sql;
    }
  | { readonly kind: "set not null"; readonly table: StepTable; readonly column: string }
  | {
      readonly kind: "rename column";
      readonly table: StepTable;
      readonly from: string;
      readonly to: string;
    }
  | { readonly kind: "drop column"; readonly table: StepTable; readonly column: string }
  | { readonly kind: "drop table"; readonly table: StepTable }
  | {
      readonly kind: "sql";
      /** texts, each sent by itself; only one when in a transaction */
      readonly up: readonly Sql[];
      readonly down: readonly Sql[] | null;
      readonly transactional: boolean;
      /** a query that returns one boolean, whether the step is done; null where only the store knows */
      readonly done: Sql | null;
    }
);

type TableName = string | Pick<Table, "schema" | "name">;

/** Options that every step has. */
export interface StepOptions {
  /** acknowledged SQL checks: the code of each, with the reason why the step is right here */
  readonly known?: Readonly<Record<string, string>>;
}

/** Adds a column; a default that is not volatile causes no rewrite. Its undo drops the column. */
export function addColumn(
  table: TableName,
  column: string,
  type: string,
  options: StepOptions & { readonly default?: SqlLike; readonly notNull?: boolean } = {},
): Step {
  const { default: given = null, notNull = false } = options;
  const value = given === null ? null : textOf(given, "The default of a column");
  const name = `add column ${shown(table)}.${column}`;
  return step(
    { kind: "add column", table: named(table), column, type, default: value, notNull },
    name,
    options,
  );
}

/** Creates a table by your own statement, which must create that table. Its undo drops the table. */
export function createTable(table: TableName, statement: SqlLike, options: StepOptions = {}): Step {
  return step(
    { kind: "create table", table: named(table), statement: textOf(statement, "What creates a table") },
    `create table ${shown(table)}`,
    options,
  );
}

/** Creates an index without blocking writes; `by` is the SQL in its brackets. Replaces an invalid index. */
export function createIndex(
  index: string,
  definition: StepOptions & {
    readonly on: TableName;
    readonly by: SqlLike;
    /** `btree` when absent */
    readonly using?: string;
    readonly where?: SqlLike;
    readonly unique?: boolean;
  },
): Step {
  const { on, using: method = "btree", unique = false } = definition;
  const by = textOf(definition.by, "What an index is by");
  const where = definition.where === undefined ? null : textOf(definition.where, "The condition of an index");
  const parts = { index, table: named(on), method, by, where, unique };
  return step({ kind: "create index", ...parts }, `create index ${index} on ${shown(on)}`, definition);
}

/** Drops an index without blocking writes. Its undo creates the same index again. */
export function dropIndex(index: string, options: StepOptions = {}): Step {
  return step({ kind: "drop index", index: parseTableName(index) }, `drop index ${index}`, options);
}

/** Adds a check for new rows at once, then validates existing rows without blocking other sessions. */
export function addCheck(
  table: TableName,
  constraint: string,
  condition: SqlLike,
  options: StepOptions = {},
): Step {
  const definition = sql`check ${bracketed(textOf(condition, "A check"))}`;
  const parts = { table: named(table), constraint, definition };
  return step({ kind: "add constraint", ...parts }, `add check ${constraint} to ${shown(table)}`, options);
}

/** Adds a foreign key for new rows at once, then validates existing rows without blocking other sessions. */
export function addForeignKey(
  table: TableName,
  constraint: string,
  key: StepOptions & {
    readonly columns: readonly string[];
    /** as in SQL: `school.student (id) on delete cascade` */
    readonly references: SqlLike;
  },
): Step {
  const references = textOf(key.references, "What a foreign key refers to");
  const columns = key.columns.map(quoteIdentifier).join(", ");
  const definition = sql`foreign key (${raw(columns)}) references ${references}`;
  const parts = { table: named(table), constraint, definition };
  return step({ kind: "add constraint", ...parts }, `add foreign key ${constraint} to ${shown(table)}`, key);
}

/** Forbids null without a long lock, by a check that is validated first. */
export function setNotNull(table: TableName, column: string, options: StepOptions = {}): Step {
  const name = `set ${shown(table)}.${column} not null`;
  return step({ kind: "set not null", table: named(table), column }, name, options);
}

/** Renames a column: programs that use the old name break, so it waits for `tidefill contract`. */
export function renameColumn(table: TableName, from: string, to: string, options: StepOptions = {}): Step {
  const name = `rename column ${shown(table)}.${from} to ${to}`;
  return step({ kind: "rename column", table: named(table), from, to }, name, options);
}

/** Drops a column: waits for `tidefill contract`, needs a backup, and cannot be undone. */
export function dropColumn(table: TableName, column: string, options: StepOptions = {}): Step {
  const name = `drop column ${shown(table)}.${column}`;
  return step({ kind: "drop column", table: named(table), column }, name, options);
}

/** Drops a table: waits for `tidefill contract`, needs a backup, and cannot be undone. */
export function dropTable(table: TableName, options: StepOptions = {}): Step {
  return step({ kind: "drop table", table: named(table) }, `drop table ${shown(table)}`, options);
}

/**
 * Your own statements. In a transaction (the default) they run exactly once. Outside of one they may run
 * again after a crash, so add a query that says whether they are `done`; there, statements that PostgreSQL
 * wants alone, such as two with `concurrently`, are a list of texts.
 */
export function sqlStep(
  definition: StepOptions & {
    readonly name: string;
    readonly up: SqlLike | readonly SqlLike[];
    /** null where the step cannot be undone */
    readonly down: SqlLike | readonly SqlLike[] | null;
    readonly transactional?: boolean;
    readonly done?: SqlLike;
  },
): Step {
  const { name, transactional = true } = definition;
  const texts = (given: SqlLike | readonly SqlLike[]): readonly Sql[] =>
    (Array.isArray(given) ? given : [given]).map((text) => textOf(text, `The step "${name}"`));
  const up = texts(definition.up);
  const down = definition.down === null ? null : texts(definition.down);
  const [done = null] = texts(definition.done ?? []);
  if (up.length === 0 || (transactional && up.length + (down?.length ?? 1) > 2))
    throw new UsageError(`The step "${name}" has ${up.length === 0 ? "no statement" : "a list of texts"}.`, {
      remedy: "In a transaction it is one text; a list is only for transactional: false.",
    });
  if (name.trim() === "")
    throw new UsageError("A step has no name.", { remedy: 'Write sqlStep({ name: "…", … }).' });
  return step({ kind: "sql", up, down, transactional, done }, name, definition);
}

/** Whether it removes what a deployed program may still use: such steps wait for `tidefill contract`. */
export function takesAway({ kind }: Step): boolean {
  return kind === "drop column" || kind === "drop table" || kind === "rename column";
}

/** The step as plain data, for fingerprints. */
export function describeStep(given: Step): unknown {
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, describe(value)]));
}

function describe(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(describe);
  return value instanceof Sql ? value.describe() : value;
}

type Bare = Step extends infer Each ? (Each extends Step ? Omit<Each, "name" | "known"> : never) : never;

function step(bare: Bare, name: string, { known = {} }: StepOptions): Step {
  requireNamesFit(bare);
  for (const [code, reason] of Object.entries(known))
    if (reason.trim() === "")
      throw new UsageError(`The step "${name}" acknowledges ${code} without a reason.`, {
        remedy: `Say why it is right here: known: { "${code}": "the table has ten rows" }.`,
      });
  return Object.freeze({ ...bare, name, known: { ...known } }) as Step;
}

function named(table: TableName): StepTable {
  return typeof table === "string" ? parseTableName(table) : { schema: table.schema, name: table.name };
}

function shown(table: TableName): string {
  return displayName(named(table));
}

// DDL takes no parameters.
function textOf(given: SqlLike, what: string): Sql {
  const text = sqlWithin(given);
  if (text?.values.length === 0) return text;
  throw new UsageError(`${what} must be sql\`…\` without values.`, {
    remedy: "Write the value as part of the text: statements that change a schema take no parameters.",
  });
}
