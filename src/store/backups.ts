import type { Queryable } from "../postgres/database.ts";
import { sql } from "../postgres/sql.ts";
import type { StoreSchema } from "./schema.ts";

export interface NewBackup {
  readonly job: string;
  readonly directory: string;
  /** hash of the rows and columns that the job was about */
  readonly scopeFingerprint: string;
  readonly rows: bigint;
  readonly bytes: bigint;
  /** as PostgreSQL prints it */
  readonly startedAt: string;
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

  /** Milliseconds since the rows of the job's newest verified backup of this scope were read; null when there is none. */
  async ageOfLatest(db: Queryable, job: string, scopeFingerprint: string): Promise<number | null> {
    const { rows } = await db.query(sql`
      select extract(epoch from pg_catalog.clock_timestamp() - max(started_at)) * 1000 as age
      from ${this.#schema.table("backup")}
      where job = ${job}
        and scope_fingerprint = ${scopeFingerprint}`);
    return rows[0]?.age == null ? null : Number(rows[0].age);
  }
}
