import pg from "pg";
import { defineSqlJob, resumeRun, rowsOf, runJob, sql, table, update } from "tidefill";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Cluster } from "../../src/embedded/cluster.ts";
import { until } from "../support/until.ts";

let cluster: Cluster;
let client: pg.Client;

beforeAll(async () => {
  cluster = await Cluster.open({ settings: { fsync: "off" } });
  client = new pg.Client({ connectionString: cluster.url() });
  await client.connect();
  await client.query(
    "create table things (id bigint primary key, n integer not null default 0); insert into things select g from generate_series(1, 20000) g",
  );
});

afterAll(async () => {
  await client.end();
  await cluster.stop("immediate");
});

async function standbys(names: string): Promise<void> {
  await client.query(`alter system set synchronous_standby_names = '${names}'`);
  await client.query("select pg_reload_conf()");
}

async function hanging(): Promise<number> {
  const { rows } = await client.query(
    "select count(*)::integer as n from pg_stat_activity where usename = current_user and wait_event = 'SyncRep'",
  );
  return rows[0].n;
}

const things = table("things", { key: "id", columns: { id: "bigint", n: "integer" } });
const job = defineSqlJob({
  name: "add-one",
  source: rowsOf(things, { where: sql`true` }),
  sink: update(things, { n: sql`n + 1` }),
  pace: { rowsPerSecond: 2_000 },
});

test("while the synchronous standby is gone, the run is held, says so, and leaves no session behind at each resume (B7)", {
  tags: ["promise"],
  timeout: 240_000,
}, async () => {
  const stop = new AbortController();
  const running = runJob(job, { connectionString: cluster.url(), workers: 2, signal: stop.signal });
  await until(
    async () => {
      const { rows } = await client.query("select count(*)::integer as n from things where n = 1");
      return rows[0].n > 1_000;
    },
    { describe: "rows are written" },
  );
  await standbys("ghost");
  await until(
    async () => {
      const { rows } = await client.query(
        "select held_back::jsonb ->> 'reason' as reason from tidefill.worker",
      );
      return String(rows[0]?.reason).startsWith("commits wait for a synchronous standby (ghost)");
    },
    { describe: "the reason is told" },
  );
  // At most the batches that were in progress.
  const before = await hanging();
  expect(before).toBeLessThanOrEqual(2);
  stop.abort();
  expect((await running).status).toBe("interrupted");
  for (let times = 0; times < 3; times += 1) {
    await expect(resumeRun(job, "add-one", { connectionString: cluster.url() })).rejects.toThrow(
      "No commit would end here: commits wait for a synchronous standby (ghost), and 0 of 1 are connected.",
    );
  }
  expect(await hanging()).toBeLessThanOrEqual(before);
  await standbys("");
  await until(async () => (await hanging()) === 0, { describe: "the sessions are free" });
  const report = await resumeRun(job, "add-one", { connectionString: cluster.url(), workers: 2 });
  expect(report.status).toBe("succeeded");
  const { rows } = await client.query("select min(n)::integer as least, max(n)::integer as most from things");
  expect(rows[0]).toEqual({ least: 1, most: 1 });
});
