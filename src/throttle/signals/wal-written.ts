import { sql } from "../../postgres/sql/sql.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";
import { against, inBytes } from "../amount.ts";
import { type Reading, type Signal, utilizationOf } from "../signal.ts";

interface Sample {
  readonly at: number;
  readonly bytes: number;
  /** by backend, for those of our role; null before PostgreSQL 18, which cannot count them separately */
  readonly backends: ReadonlyMap<string, Written> | null;
}

interface Written {
  readonly bytes: number;
  /** whether the run uses the backend now: a pooler lends it to other clients, too */
  readonly isOurs: boolean;
}

/** How fast the whole server and this run write WAL. Holds or slows a run only where its job sets a limit. */
export class WalWritten implements Signal {
  readonly name = "wal";
  readonly everyMs = 1_000;
  readonly onError = "ignore";
  readonly #maxBytesPerSecond: number | null;
  readonly #batches: string;
  #last: Sample | null = null;
  #all = 0;
  #own: number | null = null;
  #ownBytes: number | null = null;

  /** `batches` is the prefix of the names of the run's batches: WAL of other runs is not ours. */
  constructor(maxBytesPerSecond: number | null, batches: string) {
    this.#maxBytesPerSecond = maxBytesPerSecond;
    this.#batches = batches;
  }

  get bytesPerSecond(): number {
    return this.#all;
  }

  /** Null where the server does not count WAL by backend. */
  get ownBytesPerSecond(): number | null {
    return this.#own;
  }

  /** By all processes of the run since the first look; null where the server does not count by backend. */
  get ownBytes(): number | null {
    return this.#ownBytes;
  }

  async read(db: Queryable): Promise<Reading | null> {
    const sample = await take(db, this.#batches);
    const seconds = this.#last === null ? 0 : (sample.at - this.#last.at) / 1_000;
    if (this.#last !== null && seconds > 0.05) {
      this.#all = Math.max(0, sample.bytes - this.#last.bytes) / seconds;
      const own = sample.backends === null ? null : grown(this.#last.backends, sample.backends);
      this.#own = own === null ? null : own / seconds;
      this.#ownBytes = own === null ? null : (this.#ownBytes ?? 0) + own;
    }
    this.#last = sample;
    const limit = this.#maxBytesPerSecond;
    if (limit === null) return null;
    const measure = against(this.#all, limit, (bytes) => `${inBytes(bytes)}/s`);
    return { signal: this.name, utilization: utilizationOf(this.#all, limit), reason: `WAL ${measure}` };
  }
}

async function take(db: Queryable, batches: string): Promise<Sample> {
  const { rows } = await db.query(sql`
    select pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0') as bytes,
      pg_catalog.current_setting('server_version_num')::integer >= 180000 as tells`);
  const at = performance.now();
  const bytes = Number(rows[0]?.bytes ?? 0);
  if (rows[0]?.tells !== "t") return { at, bytes, backends: null };
  const { rows: backends } = await db.query(sql`
    select activity.pid || ' ' || activity.backend_start as backend,
      (select wal_bytes from pg_catalog.pg_stat_get_backend_wal(activity.pid)) as bytes,
      activity.application_name = pg_catalog.current_setting('application_name')
        or pg_catalog.starts_with(activity.application_name, ${batches}) as is_ours
    from pg_catalog.pg_stat_activity as activity
    where activity.usename = current_user
      and activity.datname = pg_catalog.current_database()`);
  const written = backends.map(
    (row) => [row.backend ?? "", { bytes: Number(row.bytes ?? 0), isOurs: row.is_ours === "t" }] as const,
  );
  return { at, bytes, backends: new Map(written) };
}

/** Bytes that our backends have added: all bytes of a new backend, none of a backend that is gone. */
function grown(before: ReadonlyMap<string, Written> | null, now: ReadonlyMap<string, Written>): number {
  return [...now].reduce((sum, [backend, { bytes, isOurs }]) => {
    return isOurs ? sum + Math.max(0, bytes - (before?.get(backend)?.bytes ?? 0)) : sum;
  }, 0);
}
