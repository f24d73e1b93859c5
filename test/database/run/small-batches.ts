import { type Job, resumeRun, runJob } from "tidefill";
import { BatchCommitter } from "../../../src/engine/batch/batch-committer.ts";
import { SteadyPace } from "../../../src/engine/batch/batch-pace.ts";
import type { AskControl } from "../../../src/engine/batch/batch-work.ts";
import { RunTables } from "../../../src/engine/batch/run-tables.ts";
import { jobTask } from "../../../src/engine/job-work/job-task.ts";
import { StopSignal } from "../../../src/engine/loop/stop-signal.ts";
import { type EventListener, Events } from "../../../src/engine/report/events.ts";
import type { RunReport } from "../../../src/engine/report/run-report.ts";
import type { OpenedJob } from "../../../src/plan/open/opened-job.ts";
import { openJob } from "../../../src/plan/open-job.ts";
import type { Bounds, KeyText } from "../../../src/postgres/catalog/key.ts";
import type { Database } from "../../../src/postgres/transaction/database.ts";
import type { TextRow } from "../../../src/source/readable-source.ts";
import { type Session, withSession } from "../../../src/store/session.ts";
import type { TestDatabase } from "../../support/database.ts";

/** A test's table, in SQL. The oracle and the ranges are made from it, never by the engine. */
export interface SqlTable {
  /** qualified and quoted */
  readonly name: string;
  /** the key columns, quoted */
  readonly key: readonly string[];
}

const leaseMs = 10_000;

/** For batches that ask no other system. */
const asksNothing: AskControl = {
  stop: new StopSignal(),
  calls: { atOnce: 1, perSecond: null },
  events: new Events("test", 0n, []),
  pauseMs: 0,
  takeTurns: async () => 0,
  renew: () => {},
  pauseCalls: () => {},
};

/** The engine's own parts on a database, closed when `work` has ended. */
export async function withEngine<T>(url: string, work: (session: Session) => Promise<T>): Promise<T> {
  return withSession("tidefill test", { connectionString: url }, 4, work);
}

/** Starts a run that stops before its first batch, so it has no ranges. */
export async function startWithoutRanges(database: TestDatabase, job: Job): Promise<RunReport> {
  return runJob(job, { connectionString: database.url, signal: AbortSignal.abort(), again: true });
}

/** Plans the ranges of such a run by plain SQL: `rows` keys each. */
export async function planSmallRanges(
  database: TestDatabase,
  run: number,
  table: SqlTable,
  rows: number,
): Promise<void> {
  const key = table.key.map((column) => `${column}::text`).join(", ");
  // One message is one transaction. Keys are written in UTC, whatever the server's time zone.
  await database.query(`
    set local timezone = 'UTC';
    with keys as (
      select array[${key}] as key, row_number() over (order by ${table.key.join(", ")}) as position
      from ${table.name}
    ), ends as (
      select key, position / ${rows} as number from keys where position % ${rows} = 0
      union all
      select null, (select count(*) from keys) / ${rows} + 1
    ), ranges as (
      select number, lag(key) over (order by number) as after_key, key as through_key from ends
    )
    insert into tidefill.range (run_id, number, sweep, after_key, through_key, checkpoint)
    select ${run}, number, 0, after_key, through_key, after_key from ranges;
    update tidefill.run set is_planned = true where id = ${run}`);
}

/** Runs a job in ranges of so many rows. */
export async function runInSmallRanges(
  database: TestDatabase,
  job: Job,
  table: SqlTable,
  { rows = 7, workers = 3, onEvent = [] as EventListener[] } = {},
): Promise<RunReport> {
  const { run } = await startWithoutRanges(database, job);
  await planSmallRanges(database, run, table, rows);
  return resumeRun(job, String(run), { connectionString: database.url, workers, onEvent });
}

/** Runs a job as one range in batches of exactly these sizes, repeated; returns the number of batches. */
export async function runInSmallBatches(
  database: TestDatabase,
  job: Job,
  sizes: readonly number[],
): Promise<number> {
  const { run } = await startWithoutRanges(database, job);
  await planSmallRanges(
    database,
    run,
    { name: "(select null::text as none where false) none", key: ["none"] },
    1,
  );
  // A batch commits only while its run is running.
  await database.query("update tidefill.run set status = 'running' where id = $1", [run]);
  return withEngine(database.url, async (session) => {
    const { db, store } = session;
    const opened = await openJob(db, job, {});
    const lease = await store.ranges.lease(db, BigInt(run), "00000000-0000-0000-0000-000000000000", leaseMs);
    if (lease === null) throw new Error("The range is not free.");
    const committer = new BatchCommitter(
      session,
      opened.job.name,
      await jobTask(db, opened, { log: null, calls: null }),
      new RunTables({ id: lease.run, job: opened.job.name, kind: "run", tables: [] }, false),
      {
        pace: new SteadyPace(1_000),
        deadlockTimeoutMs: 1_000,
        leaseMs,
      },
      asksNothing,
    );
    let current = lease;
    for (let batch = 0; ; batch += 1) {
      const committed = await committer.commit(
        committer.begin(current, batch === 0, false),
        sizes[batch % sizes.length]!,
      );
      if (committed === null) throw new Error("A batch did nothing.");
      if (committed.isLast) break;
      current = committed.lease;
    }
    await database.query("update tidefill.run set status = 'succeeded', finished_at = now() where id = $1", [
      run,
    ]);
    return current.batches + 1;
  });
}

/** The tags of all rows in the order in which batches of `rows` keys read them. */
export async function tagsByBatches(db: Database, opened: OpenedJob, rows: number): Promise<string[]> {
  return walk(db, opened, async (tx, bounds) => {
    const { through, isLast } = await opened.source.walk.nextBatch(tx, bounds, rows, 1_000_000);
    return { through, isLast };
  });
}

/** The tags of all rows in the order given by the boundaries of ranges. */
export async function tagsByBoundaries(db: Database, opened: OpenedJob, rows: number): Promise<string[]> {
  return walk(db, opened, async (tx, { after }) => {
    const through = await opened.source.walk.boundary(tx, after, rows);
    return { through, isLast: through === null };
  });
}

type Transaction = Parameters<Parameters<Database["transaction"]>[0]>[0];
type Step = (
  tx: Transaction,
  bounds: Bounds,
) => Promise<{ readonly through: KeyText | null; readonly isLast: boolean }>;

async function walk(db: Database, opened: OpenedJob, step: Step): Promise<string[]> {
  const tag = opened.source.columns.findIndex((column) => column.name === "tag");
  return db.rolledBack(async (tx) => {
    const tags: string[] = [];
    for (let after: KeyText | null = null, steps = 0; ; steps += 1) {
      if (steps > 10_000) throw new Error("The walk does not end.");
      const { through, isLast } = await step(tx, { after, through: null });
      for await (const portion of opened.source.read(tx, { after, through }, () => 100)) {
        tags.push(...portion.map((row) => (row as TextRow)[tag] ?? "null"));
      }
      if (isLast) return tags;
      after = through;
    }
  });
}
