import { sql } from "../../postgres/sql/sql.ts";
import type { Queryable, Row } from "../../postgres/transaction/database.ts";
import type { StoreSchema } from "../schema/store-schema.ts";

/** How a run was going at one moment. */
export interface Sample {
  /** rows read so far */
  readonly rows: number;
  /** seconds at work so far */
  readonly seconds: number;
  /** rows read per second, by all processes together */
  readonly rowsPerSecond: number;
  readonly workers: number;
  /** 1 is full pace, 0 is held */
  readonly level: number;
  /** why it did less than it could; null at full pace */
  readonly reason: string | null;
  /** of the slowest standby; null where none is seen */
  readonly lagSeconds: number | null;
  /** null where the server cannot tell the run's own WAL */
  readonly walBytesPerSecond: number | null;
  /** mean seconds of a batch since the sample before, by phase; null where none was committed */
  readonly batch: SampledBatch | null;
  /** its process left the run after it */
  readonly isLast: boolean;
}

/** Seconds that a batch spends in each phase. */
export interface SampledBatch {
  readonly read: number;
  readonly transform: number;
  readonly write: number;
  readonly commit: number;
}

/** A sample as the store holds it. */
export interface StoredSample extends Sample {
  /** ISO 8601 in UTC, by the database's clock */
  readonly at: string;
  /** no process was at work between the sample before and this one */
  readonly wasAway: boolean;
}

/** Samples come every ten seconds; after a longer silence, the seconds at work tell whether a process was there. */
const silenceSeconds = 20;

/** The history of runs: a sample every ten seconds, purged with its run. */
export class Samples {
  readonly #schema: StoreSchema;

  constructor(schema: StoreSchema) {
    this.#schema = schema;
  }

  /** Adds a sample, unless a process of the run has added one within the last `leastMs` milliseconds. */
  async add(db: Queryable, run: bigint, sample: Sample, leastMs: number): Promise<void> {
    const { batch } = sample;
    const table = this.#schema.table("run_sample");
    await db.query(sql`
      insert into ${table} (run_id, at, rows, seconds, rows_per_second, workers, level, reason, lag_seconds,
        wal_bytes_per_second, read_seconds, transform_seconds, write_seconds, commit_seconds, is_last)
      select ${run}::bigint, pg_catalog.clock_timestamp(), ${sample.rows}::bigint, ${sample.seconds}::float8,
        ${sample.rowsPerSecond}::float8, ${sample.workers}::integer, ${sample.level}::float4, ${sample.reason}::text,
        ${sample.lagSeconds}::float8, ${sample.walBytesPerSecond}::float8, ${batch?.read ?? null}::float4,
        ${batch?.transform ?? null}::float4, ${batch?.write ?? null}::float4, ${batch?.commit ?? null}::float4,
        ${sample.isLast}::boolean
      where not exists (
        select
        from ${table}
        where run_id = ${run}::bigint
          -- not those of a clock that was ahead
          and at between pg_catalog.clock_timestamp() - ${leastMs}::float8 * interval '1 ms'
            and pg_catalog.clock_timestamp())
      on conflict do nothing`);
  }

  /**
   * The samples of a run, oldest first. Of a long run, neighbours become one: the last of each group, with its
   * lowest level and the reason for it. No group goes over a time in which no process was at work.
   */
  async list(db: Queryable, run: bigint, most: number): Promise<readonly StoredSample[]> {
    const { rows } = await db.query(sql`
      with known as (
        select *, at - pg_catalog.lag(at) over later as since, seconds - pg_catalog.lag(seconds) over later as worked,
          pg_catalog.lag(is_last) over later as after_last
        from ${this.#schema.table("run_sample")}
        where run_id = ${run}::bigint
        window later as (order by at)
      ), judged as (
        select *, coalesce((after_last or since > interval '1 s' * ${silenceSeconds})
          and worked < extract(epoch from since) / 2, false) as was_away
        from known
      ), grouped as (
        select *, pg_catalog.count(*) filter (where was_away) over (order by at) as stretch,
          pg_catalog.ntile(${most}::integer) over (order by at) as part
        from judged
      )
      select pg_catalog.to_char(max(at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at,
        max(rows) as rows, max(seconds) as seconds, avg(rows_per_second) as rows_per_second,
        (pg_catalog.array_agg(workers order by at desc))[1] as workers,
        min(level) as level, (pg_catalog.array_agg(reason order by level, at desc))[1] as reason,
        max(lag_seconds) as lag_seconds, avg(wal_bytes_per_second) as wal_bytes_per_second,
        avg(read_seconds) as read, avg(transform_seconds) as transform, avg(write_seconds) as write,
        avg(commit_seconds) as commit, pg_catalog.bool_or(is_last) as is_last, pg_catalog.bool_or(was_away) as was_away
      from grouped
      group by stretch, part
      order by stretch, part`);
    return rows.map(toSample);
  }
}

function toSample(row: Row): StoredSample {
  const number = (name: string): number => Number(row[name] ?? 0);
  const known = (name: string): number | null => (row[name] == null ? null : number(name));
  return {
    at: row.at ?? "",
    rows: number("rows"),
    seconds: number("seconds"),
    rowsPerSecond: number("rows_per_second"),
    workers: number("workers"),
    level: number("level"),
    reason: row.reason ?? null,
    lagSeconds: known("lag_seconds"),
    walBytesPerSecond: known("wal_bytes_per_second"),
    isLast: row.is_last === "t",
    wasAway: row.was_away === "t",
    batch:
      row.read == null
        ? null
        : {
            read: number("read"),
            transform: number("transform"),
            write: number("write"),
            commit: number("commit"),
          },
  };
}
