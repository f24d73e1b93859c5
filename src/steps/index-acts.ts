import { RefusedError } from "../errors.ts";
import type { Step, StepTable } from "../job/steps.ts";
import type { Queryable, Row } from "../postgres/database.ts";
import { bracketed, raw, type Sql, sql } from "../postgres/sql.ts";
import type { Act, StepActs } from "./act.ts";
import { columnOf, nameOf, regclassOf, relationExists, tableShown } from "./catalogue.ts";

type Of<Kind extends Step["kind"]> = Extract<Step, { readonly kind: Kind }>;

/** Creating an index beside the application's writes; what an earlier attempt left invalid goes first. */
export function createIndexActs(step: Of<"create index">): StepActs {
  const index = { schema: step.table.schema, name: step.index };
  return {
    up: [
      {
        ...concurrently(sql`drop index concurrently ${nameOf(index)}`),
        onlyIf: "an earlier attempt has left it invalid",
        isDone: async (db) => (await findIndex(db, step))?.indisvalid !== "f",
      },
      {
        ...concurrently(statementOf(step)),
        isDone: async (db) => (await findIndex(db, step))?.indisvalid === "t",
      },
    ],
    down: [dropIndexAct(index)],
  };
}

/** Dropping an index beside the application's writes; the way back is what PostgreSQL says of it before. */
export function dropIndexActs({ index }: Of<"drop index">, before: string | null): StepActs {
  const definition = before?.replace(/^create (unique )?index /i, "create $1index concurrently ");
  return {
    up: [dropIndexAct(index)],
    down:
      definition === undefined
        ? []
        : [{ ...concurrently(raw(definition)), isDone: (db) => relationExists(db, index) }],
    before: async (db) => {
      const { rows } = await db.query(sql`
        select pg_catalog.pg_get_indexdef(pg_catalog.to_regclass(${regclassOf(index)})) as definition`);
      return rows[0]?.definition ?? null;
    },
  };
}

function dropIndexAct(index: StepTable): Act {
  return {
    ...concurrently(sql`drop index concurrently ${nameOf(index)}`),
    isDone: async (db) => !(await relationExists(db, index)),
  };
}

function statementOf({ index, table, method, by, where, unique }: Of<"create index">): Sql {
  const kind = raw(unique ? "unique index" : "index");
  const condition = where === null ? raw("") : sql` where ${where}`;
  return sql`create ${kind} concurrently ${columnOf(index)} on ${nameOf(table)} using ${columnOf(method)} ${bracketed(by)}${condition}`;
}

/** The index of this name in the table's schema. @throws RefusedError where it is another table's, or somebody is building it */
async function findIndex(db: Queryable, step: Of<"create index">): Promise<Row | undefined> {
  const { rows } = await db.query(sql`
    select i.indisvalid, i.indrelid = pg_catalog.to_regclass(${regclassOf(step.table)}) as is_ours,
      exists (
        select from pg_catalog.pg_stat_progress_create_index p where p.index_relid = i.indexrelid
      ) as is_built
    from pg_catalog.pg_class t
    join pg_catalog.pg_class c on c.relnamespace = t.relnamespace and c.relname = ${step.index}
    join pg_catalog.pg_index i on i.indexrelid = c.oid
    where t.oid = pg_catalog.to_regclass(${regclassOf(step.table)})`);
  const [found] = rows;
  if (found?.is_ours === "f")
    throw refused(
      step,
      "an index of that name belongs to another table",
      "Choose another name for the index.",
    );
  if (found?.indisvalid === "f" && found.is_built === "t")
    throw refused(step, "somebody is building that index at this moment", "Try again when that is over.");
  return found;
}

function refused(step: Of<"create index">, what: string, remedy: string): RefusedError {
  return new RefusedError(
    "step-finds-its-place",
    `The step "${step.name}" cannot be done in ${tableShown(step.table)}: ${what}.`,
    remedy,
  );
}

// Locks that conflict with no read and no write: nobody queues behind them, so they may wait.
function concurrently(statement: Sql): Omit<Act, "isDone"> {
  return { statement, isTransactional: false, locks: null };
}
