import type { TestDatabase } from "../database/test-database.ts";
import { killerSchema } from "./killer.ts";

/** One row as texts, by column. */
export type TextRow = Readonly<Record<string, string | null>>;

export interface TableState {
  /** `schema.table` */
  readonly name: string;
  /** the columns of its primary key; empty where it has none, or one of them is left out */
  readonly key: readonly string[];
  readonly rows: readonly TextRow[];
}

/** The user's tables: their rows and their schema. */
export interface DatabaseState {
  readonly tables: ReadonlyMap<string, TableState>;
  /** a line for each column, index and constraint */
  readonly shape: readonly string[];
}

interface FoundTable {
  readonly name: string;
  readonly from: string;
  readonly columns: readonly string[];
  readonly key: readonly string[];
}

const isUsers = `c.relkind in ('r', 'p')
  and not c.relispartition
  and n.nspname !~ '^pg_'
  and n.nspname not in ('information_schema', 'tidefill', '${killerSchema}')`;

/** Reads the state of a database by plain SQL; `isIgnored` tells which columns of a table to leave out. */
export async function readState(
  database: TestDatabase,
  isIgnored: (table: string, column: string) => boolean,
): Promise<DatabaseState> {
  const tables = new Map<string, TableState>();
  for (const table of await findTables(database)) {
    const columns = table.columns.filter((column) => !isIgnored(table.name, column));
    const key = table.key.every((column) => columns.includes(column)) ? table.key : [];
    tables.set(table.name, { name: table.name, key, rows: await readRows(database, table, columns) });
  }
  return { tables, shape: await readShape(database) };
}

/** All of the user's tables, with their columns. */
export async function findTables(database: TestDatabase): Promise<readonly FoundTable[]> {
  return database.query<FoundTable & Record<string, unknown>>(`
    select format('%s.%s', n.nspname, c.relname) as name,
      format('%s %I.%I', case c.relkind when 'r' then 'only' end, n.nspname, c.relname) as from,
      array(
        select a.attname::text
        from pg_attribute a
        where a.attrelid = c.oid
          and a.attnum > 0
          and not a.attisdropped
        order by a.attname) as columns,
      array(
        select a.attname::text
        from pg_index i
        join pg_attribute a on a.attrelid = c.oid and a.attnum = any (i.indkey)
        where i.indrelid = c.oid
          and i.indisprimary) as key
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where ${isUsers}
    order by 1`);
}

async function readRows(
  database: TestDatabase,
  { from }: FoundTable,
  columns: readonly string[],
): Promise<TextRow[]> {
  const texts = columns.map((column) => `t."${column.replaceAll('"', '""')}"::text`);
  const found = await database.query<{ texts: (string | null)[] }>(
    `select array[${texts.join(", ")}]::text[] as texts from ${from} as t order by 1`,
  );
  return found.map((row) => Object.fromEntries(columns.map((column, at) => [column, row.texts[at] ?? null])));
}

async function readShape(database: TestDatabase): Promise<string[]> {
  const found = await database.query<{ line: string }>(`
    select format('column %s.%s.%s %s%s', n.nspname, c.relname, a.attname,
      format_type(a.atttypid, a.atttypmod), case when a.attnotnull then ' not null' end) as line
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where ${isUsers}
    union all
    select format('%s%s', pg_get_indexdef(i.indexrelid), case when not i.indisvalid then ' (invalid)' end)
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_index i on i.indrelid = c.oid
    where ${isUsers}
    union all
    select format('constraint %s of %s.%s: %s', k.conname, n.nspname, c.relname, pg_get_constraintdef(k.oid))
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_constraint k on k.conrelid = c.oid and k.contype <> 'n'
    where ${isUsers}
    order by 1`);
  return found.map(({ line }) => line);
}
