import { sql } from "../postgres/sql/sql.ts";
import type { Queryable } from "../postgres/transaction/database.ts";
import type { StoreSchema } from "./schema/store-schema.ts";

export interface NewBackup {
  readonly job: string;
  readonly directory: string;
  /** hash of the rows and columns that the job covered */
  readonly scopeFingerprint: string;
  readonly rows: bigint;
  readonly bytes: bigint;
  /** as PostgreSQL prints it */
  readonly startedAt: string;
}

/** A backup that was read back and compared when it was made. */
export interface KnownBackup {
  readonly directory: string;
  /** ISO 8601 in UTC, by the database's clock */
  readonly startedAt: string;
  /** milliseconds since its rows were read */
  readonly ageMs: number;
}

/** The backups that were read back and compared. */
export class Backups {
  readonly #schema: StoreSchema;

  constructor(schema: StoreSchema) {
    this.#schema = schema;
  }

  async add(
    db: Queryable,
    { job, directory, scopeFingerprint, rows, bytes, startedAt }: NewBackup,
  ): Promise<void> {
    await db.query(sql`
      insert into ${this.#schema.table("backup")} (job, directory, scope_fingerprint, rows, bytes, started_at, verified_at)
      values (${job}, ${directory}, ${scopeFingerprint}, ${rows}::bigint, ${bytes}::bigint, ${startedAt}::timestamptz, pg_catalog.clock_timestamp())`);
  }

  /** The verified backups of this scope of the job, newest first. */
  async verified(db: Queryable, job: string, scopeFingerprint: string): Promise<readonly KnownBackup[]> {
    const { rows } = await db.query(sql`
      select directory,
        pg_catalog.to_char(started_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as started_at,
        extract(epoch from pg_catalog.clock_timestamp() - backup.started_at) * 1000 as age
      from ${this.#schema.table("backup")} as backup
      where job = ${job}
        and scope_fingerprint = ${scopeFingerprint}
      order by backup.started_at desc`);
    return rows.map((row) => ({
      directory: row.directory ?? "",
      startedAt: row.started_at ?? "",
      ageMs: Number(row.age),
    }));
  }
}
