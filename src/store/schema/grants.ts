import { RefusedError } from "../../errors.ts";
import { displayIdentifier, sql } from "../../postgres/sql/sql.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";

/** The schema of tidefill's own tables. */
interface OwnSchema {
  readonly name: string;
}

/** The privileges on tidefill's own tables that a role needs to run jobs. */
export const runnerGrants: Readonly<Record<string, readonly string[]>> = {
  "select, insert, update": ["run", "range"],
  "select, insert, delete": ["reject", "retry"],
  "select, insert, update, delete": ["worker", "claim", "step", "dry_answer", "notice"],
  "select, insert": ["backup", "audit", "run_sample"],
  "select, update": ["audit_head"],
  select: ["version", "erased"],
};

/**
 * Checks, before anything is written, that the role may use tidefill's own tables, and create the undo log
 * where the run keeps one. @throws RefusedError
 */
export async function requireGrants(db: Queryable, { name }: OwnSchema, keepsLog: boolean): Promise<void> {
  const wanted = Object.entries(runnerGrants).flatMap(([privileges, tables]) =>
    tables.flatMap((table) => privileges.split(", ").map((privilege) => ({ table, privilege }))),
  );
  const { rows } = await db.query(sql`
    select current_user as role, wanted.privilege, wanted.name as own
    from rows from (
      pg_catalog.unnest(${wanted.map(({ table }) => table)}::text[]),
      pg_catalog.unnest(${wanted.map(({ privilege }) => privilege)}::text[])
    ) as wanted(name, privilege)
    join pg_catalog.pg_namespace n on n.nspname = ${name}
    join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = wanted.name
    where not pg_catalog.has_table_privilege(c.oid, wanted.privilege)
    union all
    select current_user, 'create', null
    from pg_catalog.pg_namespace n
    where n.nspname = ${name}
      and ${keepsLog}
      and not pg_catalog.has_schema_privilege(n.oid, 'create')`);
  if (rows.length === 0) return;
  const role = rows[0]?.role ?? "";
  const schema = displayIdentifier(name);
  const grants = rows.map(
    ({ privilege, own }) =>
      `grant ${privilege} on ${own == null ? `schema ${schema}` : `${schema}.${own}`} to ${displayIdentifier(role)};`,
  );
  const why = rows.some(({ own }) => own == null)
    ? " Each run creates its own tables there: an undo log, and the answers of other systems."
    : "";
  throw notGranted(role, name, `may not do all that a run does in the schema ${name}.${why}`, grants);
}

/** @throws RefusedError when the role may not even read the installed version */
export async function requireReading(db: Queryable, { name }: OwnSchema): Promise<void> {
  const { rows } = await db.query(sql`
    select current_user as role
    from pg_catalog.pg_namespace n
    join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = 'version'
    where n.nspname = ${name}
      and not (pg_catalog.has_schema_privilege(n.oid, 'usage') and pg_catalog.has_table_privilege(c.oid, 'select'))`);
  const role = rows[0]?.role;
  if (role == null) return;
  const schema = displayIdentifier(name);
  throw notGranted(role, name, `may not read tidefill's own tables in the schema ${name}.`, [
    `grant usage on schema ${schema} to ${displayIdentifier(role)};`,
    `grant select on ${schema}.version to ${displayIdentifier(role)};`,
  ]);
}

/** @throws RefusedError when the role may not create tidefill's schema, or its tables in an existing one */
export async function requireInstalling(db: Queryable, { name }: OwnSchema): Promise<void> {
  const { rows } = await db.query(sql`
    select current_user as role, pg_catalog.current_database() as database, there.oid is not null as is_there
    from (select (select oid from pg_catalog.pg_namespace where nspname = ${name}) as oid) as there
    where not case when there.oid is null
      then pg_catalog.has_database_privilege(pg_catalog.current_database(), 'create')
      else pg_catalog.has_schema_privilege(there.oid, 'create') end`);
  const [row] = rows;
  if (row === undefined) return;
  const role = displayIdentifier(row.role ?? "");
  const where =
    row.is_there === "t"
      ? `schema ${displayIdentifier(name)}`
      : `database ${displayIdentifier(row.database ?? "")}`;
  throw new RefusedError(
    "own-tables-can-be-written",
    `tidefill's own tables are not in this database yet, and the role ${row.role} may not create them. Nothing was started.`,
    `grant create on ${where} to ${role};   or let an administrator install them: tidefill schema print --roles | psql`,
  );
}

function notGranted(role: string, schema: string, what: string, grants: readonly string[]): RefusedError {
  const option = schema === "tidefill" ? "" : ` --schema ${schema}`;
  return new RefusedError(
    "own-tables-can-be-written",
    `The role ${role} ${what} Nothing was started.`,
    `${grants.join(" ")}   Or create roles that have all they need: tidefill schema print --roles${option} | psql`,
  );
}
