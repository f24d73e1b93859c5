import { RefusedError, UsageError } from "../../errors.ts";
import { raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import { fromTextArray } from "../../postgres/sql/text-array.ts";
import type { Database, Queryable, Transaction } from "../../postgres/transaction/database.ts";
import type { StoreSchema } from "../schema/store-schema.ts";
import { noSuchRun } from "./no-such-run.ts";
import type { NewRun, Run } from "./run.ts";
import { unfinished } from "./run-status.ts";
import { selectRuns, statusNow } from "./select-runs.ts";

/** The runs of all jobs. */
export class Runs {
  readonly #schema: StoreSchema;

  constructor(schema: StoreSchema) {
    this.#schema = schema;
  }

  /** Creates a run. @throws RefusedError while the job has an unfinished run, as the database decides */
  async create(db: Queryable, run: NewRun): Promise<bigint> {
    const json = (value: unknown): Sql => sql`${JSON.stringify(value)}::jsonb`;
    const { rows } = await db.query(sql`
      insert into ${this.#schema.table("run")}
        (job, kind, of_run, writes, undo_log, answers, answers_kept_ms, undo_parts, status, parameters, session, reject_limit, code,
          key_fingerprint, table_fingerprint, tables, estimated_rows, estimated_walk, pace, rollout, is_partial,
          has_rows, request, started_at)
      values (${run.job}, ${run.kind}, ${run.ofRun}::bigint, ${run.writes ?? null}, ${run.undoLog ?? "none"},
        ${run.answers ?? "none"}, ${run.answersKeptMs ?? null}::bigint,
        ${json(run.undoParts ?? [])}, 'pending', ${json(run.parameters ?? {})}, ${json(run.session ?? {})},
        ${String(run.rejectLimit)}, ${json(run.code)}, ${run.keyFingerprint}, ${run.tableFingerprint},
        ${json(run.tables ?? [])}, ${run.estimatedRows ?? 0}, ${run.estimatedWalk ?? 0}, ${json(run.pace ?? {})},
        ${run.rollout == null ? null : JSON.stringify(run.rollout)}::jsonb, ${run.isPartial === true},
        ${run.hasRows !== false}, ${run.request ?? null}::uuid, pg_catalog.clock_timestamp())
      on conflict (job, (kind = 'verify')) where status not in ('succeeded', 'cancelled') do nothing
      returning id`);
    if (rows[0] === undefined) throw await this.#unfinishedExists(db, run.job);
    return BigInt(rows[0].id ?? 0);
  }

  /**
   * Cancels a job's run whose last process was killed before it could write that down: it must not block the
   * next run. Any other status of a run without processes is computed, never written: a frozen process may
   * wake up.
   */
  async settle(db: Database, job: string): Promise<void> {
    await db.transaction(async (tx) => {
      await tx.query(sql`
        update ${this.#schema.table("run")} as run
        set status = 'cancelled',
          stop_reason = 'cancelled',
          finished_at = pg_catalog.clock_timestamp()
        where run.job = ${job}
          and run.status in ('running', 'pending')
          and run.wanted = 'cancelled'
          and ${statusNow(this.#schema)} = 'cancelled'`);
      await this.#returnRetries(tx, job);
    });
  }

  /** Rows that a cancelled run did not get to retry become rejects of the earlier run again. */
  async #returnRetries(db: Queryable, job: string): Promise<void> {
    const reject = this.#schema.table("reject");
    await db.query(sql`
      with left_over as (
        delete from ${this.#schema.table("retry")} as listed
        using ${this.#schema.table("run")} as run
        where run.id = listed.run_id
          and run.job = ${job}
          and run.status = 'cancelled'
        returning listed.run_id, listed.key, run.of_run
      )
      insert into ${reject} (run_id, key, range_number, reason)
      select of_run, key, 0, 'not tried once more: run ' || run_id || ' was cancelled'
      from left_over
      where not exists (
        select
        from ${reject} as again
        where again.run_id = left_over.run_id
          and again.key = left_over.key)
      on conflict do nothing`);
  }

  async find(db: Queryable, id: bigint): Promise<Run | null> {
    return (await selectRuns(db, this.#schema, sql`where run.id = ${id}::bigint`))[0] ?? null;
  }

  /** A run by its number. @throws UsageError when it is no longer there */
  async get(db: Queryable, id: bigint): Promise<Run> {
    const run = await this.find(db, id);
    if (run === null) throw new UsageError(`Run ${id} is gone from the store.`);
    return run;
  }

  /** The run that this one undoes, verifies or retries. @throws UsageError when there is none */
  async before(db: Queryable, { id, ofRun }: Pick<Run, "id" | "ofRun">): Promise<Run> {
    if (ofRun === null) throw new UsageError(`Run ${id} does not undo, verify or retry another run.`);
    return this.get(db, ofRun);
  }

  /** The newest run of a job that did its work or undid it; with `verify`, the newest verify. */
  async latest(db: Queryable, job: string, kind: "work" | "verify" = "work"): Promise<Run | null> {
    const isVerify = kind === "verify";
    const found = await selectRuns(
      db,
      this.#schema,
      sql`where run.job = ${job} and (run.kind = 'verify') = ${isVerify} order by run.id desc limit 1`,
    );
    return found[0] ?? null;
  }

  /** The run of a job that was created for a request. */
  async requested(db: Queryable, job: string, request: string): Promise<Run | null> {
    const found = await selectRuns(
      db,
      this.#schema,
      sql`where run.job = ${job} and run.request = ${request}::uuid`,
    );
    return found[0] ?? null;
  }

  /** The newest run that did the job's work and was not undone; null when there is none. */
  async standing(db: Queryable, job: string): Promise<Run | null> {
    return (await this.allStanding(db, job))[0] ?? null;
  }

  /** All runs that did the job's work and were not undone, newest first. */
  async allStanding(db: Queryable, job: string): Promise<Run[]> {
    const done = await selectRuns(
      db,
      this.#schema,
      sql`where run.job = ${job} and run.kind = 'run' and run.of_run is null and run.status = 'succeeded' order by run.id desc`,
    );
    return done.filter(({ undoneBy }) => undoneBy === null);
  }

  /** The last `count` runs that finished the job's work, newest first. */
  async lastDone(db: Queryable, job: string, count: number): Promise<Run[]> {
    return selectRuns(
      db,
      this.#schema,
      sql`where run.job = ${job} and run.kind = 'run' and run.of_run is null and run.status = 'succeeded'
        order by run.id desc limit ${count}::integer`,
    );
  }

  /** The runs that can be undone, finished or not: their undo log is there and was not used. */
  async withUndoLog(db: Queryable): Promise<Run[]> {
    const runs = await selectRuns(
      db,
      this.#schema,
      sql`where run.kind = 'run' and run.undo_log in ('plain', 'encrypted') order by run.id`,
    );
    return runs.filter(({ undoneBy }) => undoneBy === null);
  }

  /** The runs of a job that were not undone, newest first: those that wrote rows, or those that did not. */
  async notUndone(db: Queryable, job: string, hasWritten: boolean): Promise<Run[]> {
    const found = await selectRuns(
      db,
      this.#schema,
      sql`where run.job = ${job} and run.kind = 'run' and exists (
          select from ${this.#schema.table("range")} as range where range.run_id = run.id and range.rows_written > 0
        ) = ${hasWritten}::boolean
        order by run.id desc`,
    );
    return found.filter(({ undoneBy }) => undoneBy === null);
  }

  /** The newest run of each job that did its work; with `undo`, the newest that undid it. */
  async latestOfEach(db: Queryable, kind: "run" | "undo" = "run"): Promise<Run[]> {
    const newest = sql`select max(id) from ${this.#schema.table("run")} where kind = ${kind} group by job`;
    return selectRuns(db, this.#schema, sql`where run.id in (${newest}) order by run.job`);
  }

  /** The runs and undos of other jobs that processes are working on. */
  async atWorkBeside(db: Queryable, job: string): Promise<Run[]> {
    const found = await selectRuns(
      db,
      this.#schema,
      sql`where run.job <> ${job} and run.kind in ('run', 'undo') and run.status = 'running' order by run.job, run.id`,
    );
    return found.filter(({ status }) => status === "running");
  }

  /** The undos of all jobs that have restored rows or undone steps, even in part; newest first. */
  async restoring(db: Queryable): Promise<Run[]> {
    return selectRuns(
      db,
      this.#schema,
      sql`where run.kind = 'undo' and run.of_run is not null and (not run.has_rows or exists (
          select from ${this.#schema.table("range")} as range where range.run_id = run.id and range.rows_written > 0
        ))
        order by run.id desc`,
    );
  }

  /** A run by its number or its job's name. @throws UsageError when there is none */
  async require(db: Queryable, name: string): Promise<Run> {
    const run = /^\d{1,18}$/.test(name) ? await this.find(db, BigInt(name)) : await this.latest(db, name);
    if (run !== null) return run;
    throw await noSuchRun(db, this.#schema, name);
  }

  /** Locks the run's row until the transaction ends and reads it: one process at a time plans or finishes. */
  async lock(tx: Transaction, id: bigint): Promise<Run> {
    await tx.query(
      sql`select 1 from ${this.#schema.table("run")} where id = ${id}::bigint for no key update`,
    );
    return this.get(tx, id);
  }

  /** How far a run is planned; null where it is no longer there. */
  async planned(db: Queryable, id: bigint): Promise<Pick<Run, "plannedThrough" | "isPlanned"> | null> {
    const { rows } = await db.query(
      sql`select planned_through, is_planned from ${this.#schema.table("run")} where id = ${id}::bigint`,
    );
    const [row] = rows;
    return row === undefined
      ? null
      : { plannedThrough: fromTextArray(row.planned_through), isPlanned: row.is_planned === "t" };
  }

  /** Sets the given columns; the rest stays. */
  async set(db: Queryable, id: bigint, changes: Readonly<Record<string, Sql>>): Promise<void> {
    const [first, ...rest] = Object.entries(changes).map(([column, value]) => sql`${raw(column)} = ${value}`);
    if (first === undefined) return;
    const assignments = rest.reduce((left, right) => sql`${left}, ${right}`, first);
    await db.query(sql`update ${this.#schema.table("run")} set ${assignments} where id = ${id}::bigint`);
  }

  async #unfinishedExists(db: Queryable, job: string): Promise<RefusedError> {
    const [run] = await selectRuns(
      db,
      this.#schema,
      sql`where run.job = ${job} and run.kind <> 'verify' and run.status in ${unfinishedList}
        order by run.id desc limit 1`,
    );
    const what = run === undefined ? "an unfinished run" : `an unfinished run: run ${run.id}, ${run.status}`;
    return new RefusedError(
      "no-unfinished-run",
      `The job ${job} has ${what}. Nothing was started.`,
      `Go on with it: tidefill resume ${job}   or give it up: tidefill cancel ${job}`,
    );
  }
}

const unfinishedList = raw(`(${unfinished.map((status) => `'${status}'`).join(", ")})`);
