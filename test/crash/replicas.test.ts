import pg from "pg";
import {
  defineSqlJob,
  type EngineEvent,
  replicaLag,
  rowsOf,
  runJob,
  sql,
  stopFile,
  table,
  update,
} from "tidefill";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { Cluster } from "../../src/embedded/cluster.ts";
import { Replica } from "../support/replica.ts";
import { until } from "../support/until.ts";

const rows = 20_000;
const counters = table("counters", { key: "id", columns: { id: "bigint", n: "integer" } });
let primary: Cluster;
let replica: Replica;
let pool: pg.Pool;

beforeAll(async () => {
  primary = await Cluster.open({
    settings: { max_slot_wal_keep_size: "64MB", wal_keep_size: "512MB", fsync: "off" },
  });
  pool = new pg.Pool({ connectionString: primary.url(), application_name: "test" });
  pool.on("error", () => {});
  replica = await Replica.of(primary, "replica_a");
});
afterAll(async () => {
  await replica.stop();
  await pool.end();
  await primary.stop();
});
beforeEach(async () => {
  await pool.query("drop schema if exists tidefill cascade");
  await pool.query("drop table if exists counters");
  await pool.query(
    "create table counters (id bigint primary key, n integer not null default 0, filler text)",
  );
  await pool.query(
    "insert into counters (id, filler) select g, repeat('x', 200) from generate_series(1, $1::integer) g",
    [rows],
  );
});
afterEach(() => replica.resumeReplay().catch(() => {}));

/** Small batches over many rows, so that there is time to watch. */
const increment = defineSqlJob({
  name: "increment",
  source: rowsOf(counters),
  sink: update(counters, { n: sql`n + 1` }),
  pace: { batchTime: "20ms", rowsPerSecond: 4_000 },
  throttles: [replicaLag({ max: "1s" })],
});

/** A run whose events are recorded. */
class WatchedRun {
  readonly events: EngineEvent[] = [];
  /** when each of them came, by `performance.now` */
  readonly #at: number[] = [];
  readonly report: ReturnType<typeof runJob>;
  readonly #abort = new AbortController();

  constructor(replicas: readonly string[] = [], job = increment) {
    this.report = runJob(job, {
      connectionString: primary.url(),
      replicas,
      workers: 2,
      signal: this.#abort.signal,
      onEvent: (event) => {
        this.events.push(event);
        this.#at.push(performance.now());
      },
    });
  }

  stop(): void {
    this.#abort.abort();
  }

  get batches(): number {
    return this.events.filter(({ type }) => type === "batch committed").length;
  }

  get heldBecause(): string | null {
    const last = this.events.findLast((event) => event.type === "pace changed");
    return last?.type === "pace changed" && last.isHeld ? (last.heldBack?.reason ?? null) : null;
  }

  async works(): Promise<void> {
    const before = this.batches;
    await until(async () => this.batches > before, { describe: "batches" });
  }

  /**
   * Waits until the run is held, and returns why. From then on only batches in progress may commit. Prints
   * how much did, counted from `since` (by `performance.now`), when the cause began.
   */
  async isHeld(since?: number): Promise<string> {
    const reason = await until(async () => this.heldBecause, { describe: "a run that is held" });
    const held = this.events.findLastIndex((event) => event.type === "pace changed");
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const beyond = this.events.slice(held).filter((event) => event.type === "batch committed");
    const rowsBeyond = beyond.reduce((sum, { counts }) => sum + counts.read, 0);
    const after =
      since === undefined ? "" : `${Math.round((this.#at[held] ?? 0) - since)} ms after its cause, `;
    console.info(`held ${after}then ${beyond.length} batches of ${rowsBeyond} rows: ${reason}`);
    expect(beyond.length).toBeLessThanOrEqual(2);
    return reason;
  }
}

async function allOnce(run: WatchedRun): Promise<void> {
  expect(await run.report).toMatchObject({ status: "succeeded" });
  const { rows: found } = await pool.query("select min(n), max(n), count(*)::integer from counters");
  expect(found).toEqual([{ min: 1, max: 1, count: rows }]);
}

test("a standby whose replay is paused holds the run, which goes on by itself when the standby has caught up", async () => {
  const run = new WatchedRun();
  await run.works();
  await replica.pauseReplay();
  const paused = performance.now();
  expect(await run.isHeld(paused)).toMatch(/^replication lag .* > 1 s on replica_a$/);
  await replica.resumeReplay();
  await allOnce(run);
});

test("a standby that was far behind before the run began holds the run before its first batch", async () => {
  await replica.pauseReplay();
  await pool.query("update counters set filler = repeat('y', 200)");
  const run = new WatchedRun(["replica_a"]);
  expect(await run.isHeld()).toMatch(
    /^replication lag unknown on replica_a: .* behind, some of it from before/,
  );
  expect(run.batches).toBe(0);
  await replica.resumeReplay();
  await allOnce(run);
});

test("a standby that always lags, within its limit, slows the run down and does not hold it", async () => {
  const late = await Replica.of(primary, "replica_late", { recovery_min_apply_delay: "600ms" });
  try {
    const run = new WatchedRun(["replica_late"]);
    await allOnce(run);
    const reasons = run.events.flatMap((event) =>
      event.type === "pace changed" ? (event.heldBack?.reason ?? []) : [],
    );
    expect(reasons.join()).toMatch(/replication lag 0\.\d s of at most 1 s on replica_late/);
  } finally {
    await late.stop();
  }
});

test("a standby that lags beyond its limit holds the run until it has caught up", async () => {
  const run = new WatchedRun();
  await run.works();
  try {
    await replica.delayReplay("1min");
    const delayed = performance.now();
    expect(await run.isHeld(delayed)).toMatch(/^replication lag .* > 1 s on replica_a$/);
  } finally {
    await replica.delayReplay("0");
  }
  await allOnce(run);
});

test("a stopped standby holds the run only if it is declared", async () => {
  const other = await Replica.of(primary, "replica_b");
  const run = new WatchedRun(["replica_b"]);
  await run.works();
  await other.stop();
  const stopped = performance.now();
  expect(await run.isHeld(stopped)).toBe("replication lag unknown: replica_b is not connected");
  run.stop();
  await run.report;
  await pool.query("drop schema tidefill cascade");
  await pool.query("update counters set n = 0");
  await allOnce(new WatchedRun());
});

test("an unknown declared standby holds the run before its first batch", async () => {
  for (const unknown of ["replica_z", "postgres://postgres:secret@127.0.0.1:1/postgres"]) {
    const run = new WatchedRun([unknown]);
    const reason = await run.isHeld();
    expect(reason).toMatch(/replica_z is not connected|127\.0\.0\.1:1\/postgres does not answer/);
    expect(reason).not.toContain("secret");
    expect(run.batches).toBe(0);
    run.stop();
    await run.report;
    await pool.query("drop schema tidefill cascade");
  }
});

test("a standby can be declared by its address, and a primary at that address is recognised", async () => {
  const run = new WatchedRun([replica.url]);
  await run.works();
  await replica.pauseReplay();
  expect(await run.isHeld()).toMatch(/^replication lag .* on 127\.0\.0\.1:\d+\/postgres$/);
  await replica.resumeReplay();
  await allOnce(run);
  await pool.query("drop schema tidefill cascade");
  const wrong = new WatchedRun([primary.url()]);
  expect(await wrong.isHeld()).toMatch(/is not a standby$/);
  wrong.stop();
  await wrong.report;
});

test("a primary that writes almost nothing causes no lag, and a past utilization is forgotten", async () => {
  await until(
    async () => {
      const { rows: found } = await pool.query(
        "select pg_current_wal_lsn() = replay_lsn as is_there from pg_stat_replication",
      );
      return found[0]?.is_there === true;
    },
    { describe: "a standby that has replayed all" },
  );
  const held = defineSqlJob({
    name: "increment",
    source: rowsOf(counters),
    sink: update(counters, { n: sql`n + 1` }),
    throttles: [stopFile("/"), replicaLag({ max: "1s" })],
  });
  const run = new WatchedRun([], held);
  await run.isHeld();
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  expect(run.heldBecause).toBe("the file / is there");
  run.stop();
  await run.report;
});

test("an unused slot holds the run before the slot is lost", async () => {
  await pool.query("select pg_create_physical_replication_slot('abandoned', true)");
  try {
    const run = new WatchedRun();
    await pool.query(
      "create table filling as select repeat(md5(g::text), 30) from generate_series(1, 45000) g",
    );
    expect(await run.isHeld()).toMatch(/^replication slot abandoned retains .* > 32 MB of WAL$/);
    await pool.query("select pg_drop_replication_slot('abandoned')");
    await allOnce(run);
  } finally {
    await pool.query("drop table if exists filling");
    await pool.query("select pg_drop_replication_slot(slot_name) from pg_replication_slots");
  }
});

test("a role without pg_monitor is told once which grant is missing, and the run goes on", async () => {
  await pool.query("create role plain login superuser password 'plain'");
  await pool.query("alter role plain nosuperuser");
  await pool.query("grant all on counters to plain");
  await pool.query("grant create on database postgres to plain");
  const url = new URL(primary.url());
  [url.username, url.password] = ["plain", "plain"];
  const events: EngineEvent[] = [];
  try {
    const report = await runJob(increment, {
      connectionString: url.href,
      onEvent: (event) => events.push(event),
    });
    expect(report.status).toBe("succeeded");
    const blind = events.filter((event) => event.type === "signal blind");
    expect(blind.map(({ signal }) => signal).toSorted()).toEqual([
      "active sessions",
      "autovacuum",
      "disk space",
      "processor",
      "replication lag",
    ]);
    for (const { message } of blind) expect(message).toMatch(/grant pg_monitor to plain$/);
  } finally {
    await pool.query("drop owned by plain cascade");
    await pool.query("drop role plain");
  }
});
