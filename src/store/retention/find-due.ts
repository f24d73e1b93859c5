import { raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import type { Database, Queryable, Transaction } from "../../postgres/transaction/database.ts";
import type { RunKind } from "../runs/run.ts";
import type { StoreSchema } from "../schema/store-schema.ts";

/** How long finished runs are kept, in milliseconds. */
export interface Retention {
  readonly runMs: number;
  /** encrypted undo logs are dropped after this time, other undo logs with their runs */
  readonly encryptedMs: number;
  /** purge nothing but undo logs */
  readonly undoLogsOnly: boolean;
}

/** What is to be purged of one run. */
export interface Due {
  readonly run: bigint;
  readonly job: string;
  readonly dropsLog: boolean;
  /** the run is removed, or only stripped of its rejects and of the keys in its ranges */
  readonly fate: "removed" | "stripped" | "kept";
}

/** The runs of which something is due, newest first: a run must outlive runs that undid or verified it. */
export async function findDue(db: Database, schema: StoreSchema, retention: Retention): Promise<Due[]> {
  const { rows } = await db.query(sql`${due(schema, retention, raw("false"))}
    order by id desc`);
  return rows.map(toDue);
}

/** A run of which something is due, but which waits for another run to finish. */
export interface HeldBack {
  readonly run: bigint;
  readonly job: string;
  /** the run that undoes, verifies or retries it */
  readonly by: bigint;
  readonly kind: RunKind;
}

/** The runs of which something would be due if no unfinished run referred to them. */
export async function findHeldBack(
  db: Database,
  schema: StoreSchema,
  retention: Retention,
): Promise<HeldBack[]> {
  const { rows } = await db.query(sql`
    select held.id, held.job, other.id as by, other.kind
    from (
      ${due(schema, retention, raw("false"), "held back")}
    ) as held
    join ${schema.table("run")} as other on other.of_run = held.id and other.finished_at is null
    order by held.id, other.id`);
  return rows.map((row) => ({
    run: BigInt(row.id ?? 0),
    job: row.job ?? "",
    by: BigInt(row.by ?? 0),
    kind: (row.kind ?? "run") as RunKind,
  }));
}

/** Locks a run and checks again, also for runs that still refer to it; null when nothing is due. */
export async function lockDue(
  tx: Transaction,
  schema: StoreSchema,
  retention: Retention,
  run: bigint,
): Promise<Due | null> {
  const table = schema.table("run");
  // A process that begins to undo or verify the run waits for this lock, because of the foreign key.
  await tx.query(sql`select from ${table} where id = ${run}::bigint for update`);
  const refersToIt = sql`exists (select from ${table} as other where other.of_run = run.id)`;
  const { rows } = await tx.query(sql`${due(schema, retention, refersToIt)}
      and id = ${run}::bigint`);
  return rows[0] === undefined ? null : toDue(rows[0]);
}

/** Deletes a run with its ranges; the caller has already deleted its rejects. */
export async function removeRun(tx: Transaction, schema: StoreSchema, run: bigint): Promise<void> {
  await tx.query(sql`delete from ${schema.table("run")} where id = ${run}::bigint`);
}

/** Removes the keys of rows from a run's ranges and from its retry list; the counts stay. */
export async function forgetKeys(tx: Transaction, schema: StoreSchema, run: bigint): Promise<void> {
  await tx.query(sql`
    update ${schema.table("range")} as range
    set after_key = null,
      through_key = null,
      checkpoint = null
    where run_id = ${run}::bigint
      and ${hasKeys}`);
  await tx.query(sql`delete from ${schema.table("retry")} where run_id = ${run}::bigint`);
}

/** Finished runs whose answers of other systems are no longer needed. */
export async function findUnneededAnswers(
  db: Queryable,
  schema: StoreSchema,
): Promise<Pick<Due, "run" | "job">[]> {
  const { rows } = await db.query(sql`
    select id, job
    from ${schema.table("run")} as run
    where answers in ('plain', 'encrypted')
      and finished_at + coalesce(answers_kept_ms, 0) * interval '1 ms' < pg_catalog.clock_timestamp()
      and not exists (
        select from ${schema.table("run")} as other
        where other.of_run = run.id
          and other.finished_at is null)
    order by id`);
  return rows.map((row) => ({ run: BigInt(row.id ?? 0), job: row.job ?? "" }));
}

/** Deletes a run's rejects and returns how many there were. */
export async function removeRejects(tx: Queryable, schema: StoreSchema, run: bigint): Promise<number> {
  return (await tx.query(sql`delete from ${schema.table("reject")} where run_id = ${run}::bigint`)).count;
}

const hasKeys = raw("pg_catalog.num_nonnulls(range.after_key, range.through_key, range.checkpoint) > 0");

/**
 * The newest run of each job stays, stripped of all that names rows: `list` shows it, and without it a
 * finished job would look as if it had never run, and would be run again. The newest undo stays too: without
 * it, undone work would look done.
 */
function due(
  schema: StoreSchema,
  { runMs, encryptedMs, undoLogsOnly }: Retention,
  refersToIt: Sql,
  which: "free" | "held back" = "free",
): Sql {
  const table = schema.table("run");
  const olderThan = (milliseconds: Sql): Sql =>
    sql`run.finished_at < pg_catalog.clock_timestamp() - ${milliseconds} * interval '1 ms'`;
  return sql`select id, job, drops_log, case
      when not is_old then 'kept'
      when is_needed then case when has_rest then 'stripped' else 'kept' end
      else 'removed' end as fate
    from (
      select run.id, run.job,
        run.undo_log in ('plain', 'encrypted')
          and ${olderThan(sql`case run.undo_log when 'encrypted' then ${encryptedMs}::float8 else ${runMs}::float8 end`)} as drops_log,
        not ${undoLogsOnly}::boolean and ${olderThan(sql`${runMs}::float8`)} as is_old,
        ${refersToIt}
          or run.id in (select max(id) from ${table} where kind = 'run' group by job)
          or run.id in (select max(id) from ${table} where kind <> 'verify' group by job) as is_needed,
        exists (select from ${schema.table("reject")} where run_id = run.id)
          or exists (select from ${schema.table("range")} as range where range.run_id = run.id and ${hasKeys}) as has_rest
      from ${table} as run
      where run.finished_at is not null
        and exists (
          select from ${table} as other
          where other.of_run = run.id
            and other.finished_at is null) = ${which === "held back"}::boolean
    ) as finished
    where (drops_log or (is_old and (has_rest or not is_needed)))`;
}

function toDue(row: Readonly<Record<string, string | null>>): Due {
  return {
    run: BigInt(row.id ?? 0),
    job: row.job ?? "",
    dropsLog: row.drops_log === "t",
    fate: (row.fate ?? "kept") as Due["fate"],
  };
}
