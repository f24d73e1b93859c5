import { TidefillError, UsageError } from "../../errors.ts";
import { quoteIdentifier, raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import type { Database, Queryable, Transaction } from "../../postgres/transaction/database.ts";
import { requireInstalling, requireReading } from "./grants.ts";
import { schemaScript, schemaVersion } from "./schema-script.ts";

/** The schema in which tidefill keeps its tables. */
export class StoreSchema {
  readonly name: string;

  constructor(name = "tidefill") {
    if (name === "" || Buffer.byteLength(name) > 63 || /^pg_/.test(name)) {
      throw new UsageError(`"${name}" cannot be the schema of tidefill.`, {
        remedy: 'Choose a name of 1 to 63 bytes that does not begin with "pg_".',
      });
    }
    this.name = name;
  }

  /** A table of the schema, for a statement. */
  table(table: string): Sql {
    return raw(`${quoteIdentifier(this.name)}.${quoteIdentifier(table)}`);
  }
}

/** The installed version, or null. @throws TidefillError when it differs from this program's */
export async function installedVersion(db: Queryable, schema: StoreSchema): Promise<number | null> {
  const version = await readVersion(db, schema);
  if (version !== null) requireVersion(version);
  return version;
}

async function readVersion(db: Queryable, schema: StoreSchema): Promise<number | null> {
  const { rows: found } = await db.query(sql`
    select exists (
      select from pg_catalog.pg_class c
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where n.nspname = ${schema.name}
        and c.relname = 'version'
    ) as found`);
  if (found[0]?.found !== "t") return null;
  await requireReading(db, schema);
  const { rows } = await db.query(sql`select max(version) as version from ${schema.table("version")}`);
  return rows[0]?.version == null ? null : Number(rows[0].version);
}

/** Installs the schema where it is missing; returns whether it did. A second process waits for the first. */
export async function installSchema(db: Database, schema: StoreSchema): Promise<boolean> {
  return db.transaction(async (tx) => {
    // A transaction-level lock, which also works behind a pooler.
    await tx.query(
      sql`select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended(${`tidefill ${schema.name}`}, 0))`,
    );
    if ((await installedVersion(tx, schema)) !== null) return false;
    await requireInstalling(tx, schema);
    await tx.query(raw(schemaScript(schema.name)));
    return true;
  });
}

/** @throws TidefillError when the schema is missing or of another version */
export async function requireSchema(db: Queryable, schema: StoreSchema): Promise<void> {
  const version = await installedVersion(db, schema);
  if (version === null) {
    throw new TidefillError(
      "schema-missing",
      `The schema "${schema.name}" of tidefill is not in this database: nothing was run here.`,
      {
        remedy:
          "Is it the right database? If so, start a job with `tidefill run <job>`, which installs it, or type `tidefill schema install`.",
      },
    );
  }
}

/** Drops tidefill's own tables; returns whether they were there. The schema goes only when it is empty. */
export async function uninstallSchema(db: Database, schema: StoreSchema): Promise<boolean> {
  return db.transaction(async (tx) => {
    if ((await readVersion(tx, schema)) === null) return false;
    await dropTablesOfRuns(tx, schema);
    for (const table of [
      "retry",
      "step",
      "claim",
      "backup",
      "audit",
      "audit_head",
      "erased",
      "dry_answer",
      "worker",
      "run_sample",
      "notice",
      "reject",
      "range",
      "run",
      "version",
    ]) {
      await tx.query(sql`drop table ${schema.table(table)}`);
    }
    await tx.query(sql`drop function ${schema.table("refuse_audit_change")}()`);
    const { rows } = await tx.query(sql`
      select not exists (
          select from pg_catalog.pg_depend d
          where d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
            and d.refobjid = n.oid
        ) and n.nspname <> 'public' as is_empty
      from pg_catalog.pg_namespace n
      where n.nspname = ${schema.name}`);
    if (rows[0]?.is_empty === "t") await tx.query(sql`drop schema ${raw(quoteIdentifier(schema.name))}`);
    return true;
  });
}

async function dropTablesOfRuns(tx: Transaction, schema: StoreSchema): Promise<void> {
  const { rows } = await tx.query(
    sql`select id from ${schema.table("run")} where undo_log <> 'none' or answers <> 'none'`,
  );
  for (const { id } of rows)
    for (const table of [`undo_${id}`, `answer_${id}`])
      await tx.query(sql`drop table if exists ${schema.table(table)}`);
}

function requireVersion(version: number): void {
  if (version > schemaVersion) {
    throw new TidefillError(
      "schema-newer",
      `The schema of tidefill has version ${version}, and this program knows ${schemaVersion}.`,
      {
        remedy: "Use the newer tidefill that installed it.",
      },
    );
  }
  if (version < schemaVersion) {
    throw new TidefillError(
      "schema-older",
      `The schema of tidefill has version ${version}, and this program needs ${schemaVersion}. Nothing was changed.`,
      {
        remedy:
          "End its runs with the tidefill that installed it; then type: tidefill schema uninstall   and: tidefill schema install   Undo logs and the audit go with it.",
      },
    );
  }
}
