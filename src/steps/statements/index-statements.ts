import { RefusedError } from "../../errors.ts";
import type { Step, StepTable } from "../../job/steps/steps.ts";
import { bracketed, raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";
import { columnOf, isTrue, nameOf, regclassOf, tableShown } from "./catalogue.ts";
import { BusyError, type StepStatement, type StepStatements } from "./step-statement.ts";

type Of<Kind extends Step["kind"]> = Extract<Step, { readonly kind: Kind }>;

/** Creates an index without blocking writes; first drops an invalid one that an earlier attempt left. */
export function createIndexStatements(step: Of<"create index">): StepStatements {
  const index = { schema: step.table.schema, name: step.index };
  return {
    up: buildStatements(index, statementOf(step, true), (db) => findIndex(db, step)),
    down: [dropIndexStatement(index)],
    left: async (db) =>
      (await findIndex(db, step))?.isValid === false
        ? `the index ${step.index}, which is invalid: no query uses it, but every write maintains it`
        : null,
  };
}

/** Builds an index; `find` returns its current state. */
function buildStatements(
  index: StepTable,
  statement: Sql,
  find: (db: Queryable) => Promise<Found | undefined>,
) {
  const clearing: StepStatement = {
    ...concurrently(sql`drop index concurrently ${nameOf(index)}`),
    onlyIf: "an earlier attempt has left it invalid",
    isDone: async (db) => (await find(db))?.isValid !== false,
  };
  const build: StepStatement = {
    ...concurrently(statement),
    clearing,
    isDone: async (db) => (await find(db))?.isValid === true,
  };
  return [clearing, build];
}

/** Drops an index without blocking writes; its undo runs the definition that PostgreSQL printed before. */
export function dropIndexStatements({ index }: Of<"drop index">, before: string | null): StepStatements {
  const definition = before?.replace(/^create (unique )?index /i, "create $1index concurrently ");
  return {
    up: [dropIndexStatement(index)],
    down:
      definition === undefined
        ? []
        : buildStatements(index, raw(definition), (db) => lookAt(db, isNamed(index))),
    before: async (db) => {
      const { rows } = await db.query(sql`
        select pg_catalog.pg_get_indexdef(pg_catalog.to_regclass(${regclassOf(index)})) as definition`);
      return rows[0]?.definition ?? null;
    },
  };
}

function dropIndexStatement(index: StepTable): StepStatement {
  return {
    ...concurrently(sql`drop index concurrently ${nameOf(index)}`),
    // Any other object of that name is not ours to drop.
    isDone: async (db) => !(await isTrue(db, sql`select exists (${indexes(isNamed(index))}) as answer`)),
  };
}

export function statementOf(
  { index, table, method, by, where, unique }: Of<"create index">,
  isConcurrent: boolean,
): Sql {
  const kind = raw(`${unique ? "unique index" : "index"}${isConcurrent ? " concurrently" : ""}`);
  const condition = where === null ? raw("") : sql` where ${where}`;
  return sql`create ${kind} ${columnOf(index)} on ${nameOf(table)} using ${columnOf(method)} ${bracketed(by)}${condition}`;
}

interface Found {
  readonly isValid: boolean;
  readonly table: string;
}

/** The index of this name in the table's schema. @throws RefusedError if another table has it, BusyError */
async function findIndex(db: Queryable, step: Of<"create index">): Promise<Found | undefined> {
  const table = sql`pg_catalog.to_regclass(${regclassOf(step.table)})`;
  const found = await lookAt(
    db,
    sql`c.relname = ${step.index} and c.relnamespace = (select relnamespace from pg_catalog.pg_class where oid = ${table})`,
  );
  if (found === undefined) return undefined;
  if (await isTrue(db, sql`select ${found.table}::pg_catalog.oid = ${table} as answer`)) return found;
  throw new RefusedError(
    "step-finds-its-place",
    `The step "${step.name}" cannot be done in ${tableShown(step.table)}: an index of that name belongs to another table.`,
    "Choose another name for the index.",
  );
}

/** The state of an index. @throws BusyError while another session builds it */
async function lookAt(db: Queryable, where: Sql): Promise<Found | undefined> {
  const { rows } = await db.query(indexes(where));
  const [found] = rows;
  if (found === undefined) return undefined;
  if (found.indisvalid === "f" && found.is_built === "t")
    throw new BusyError(
      "step-finds-its-place",
      `Another session is building the index ${found.relname} at this moment.`,
      "Type the same command again when that is over.",
    );
  return { isValid: found.indisvalid === "t", table: found.indrelid ?? "" };
}

function isNamed(index: StepTable): Sql {
  return sql`c.oid = pg_catalog.to_regclass(${regclassOf(index)})`;
}

function indexes(where: Sql): Sql {
  return sql`
    select c.relname, i.indisvalid, i.indrelid,
      exists (
        select from pg_catalog.pg_stat_progress_create_index p where p.index_relid = i.indexrelid
      ) as is_built
    from pg_catalog.pg_class c
    join pg_catalog.pg_index i on i.indexrelid = c.oid
    where ${where}`;
}

// Locks that conflict with no read or write: no session queues behind them, so they may wait.
function concurrently(statement: Sql): Omit<StepStatement, "isDone"> {
  return { text: statement, isTransactional: false, mayWait: true };
}
