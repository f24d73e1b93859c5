import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import {
  addCheck,
  addColumn,
  addForeignKey,
  createIndex,
  defineSteps,
  type Job,
  runJob,
  type Step,
  setNotNull,
  sql,
  sqlStep,
  undoJob,
} from "tidefill";
import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { Sql } from "../../../src/postgres/sql/sql.ts";
import { withoutValues } from "../../../src/postgres/sql/without-values.ts";
import type { StepEvent } from "../../../src/steps/step-events.ts";
import { urlOf, useDatabase } from "../../support/database.ts";
import { emptyStore } from "../../support/empty-store.ts";
import { until } from "../../support/until.ts";

const database = useDatabase();

beforeEach(async () => {
  await database.query("drop event trigger if exists brake; drop function if exists brake()");
  await database.query(`${emptyStore}; drop table if exists t, brake`);
  await database.query("create table t (id bigint primary key, n integer, body text)");
  await database.query("insert into t select g, g, repeat(md5(g::text), 3) from generate_series(1, 60000) g");
});

/** Also ends the sessions of a failed test; the other tests would wait for their locks. */
afterEach(async () => {
  await Promise.all(sessions.splice(0).map((session) => session.end()));
});

const sessions: pg.Client[] = [];

async function connected(application: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: urlOf(database.name), application_name: application });
  await client.connect();
  sessions.push(client);
  return client;
}

const job = (...expand: readonly Step[]): Job => defineSteps({ name: "steps", expand });

/** Reads or writes one row after another while it is connected. */
class Neighbour {
  count = 0;

  constructor(client: pg.Client, statement: string) {
    void this.#work(client, statement).catch(() => {});
  }

  async #work(client: pg.Client, statement: string): Promise<never> {
    for (let id = 1; ; id = (id % 50_000) + 1, this.count += 1) {
      await client.query(statement, [id]);
      await delay(1);
    }
  }
}

async function startNeighbours(): Promise<readonly Neighbour[]> {
  return [
    new Neighbour(await connected("reader"), "select n from t where id = $1"),
    new Neighbour(await connected("writer"), "update t set n = n + 1 where id = $1"),
  ];
}

/** Waits until each neighbour has done many more rounds. */
async function getThrough(neighbours: readonly Neighbour[]): Promise<void> {
  const before = neighbours.map(({ count }) => count);
  await until(async () => neighbours.every(({ count }, index) => count > (before[index] ?? 0) + 20), {
    describe: "neighbours that get through",
  });
}

/** Whether any session of this database matches the condition. */
async function isAny(condition: string): Promise<boolean> {
  const rows = await database.query(
    `select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and ${condition}`,
  );
  return rows.length > 0;
}

test("a step waits in short attempts, names the blocking session, and lets the other sessions through", {
  tags: ["promise"],
}, async () => {
  const holder = await connected("a report");
  await holder.query("begin; select count(*) from t where body = 'secret of somebody' and n = 4711");
  const neighbours = await startNeighbours();
  const events: StepEvent[] = [];
  const run = runJob(job(addColumn("t", "m", "integer")), {
    connectionString: database.url,
    onStep: (event) => events.push(event),
  });
  const waits = await until(
    async () => {
      const found = events.filter((event) => event.type === "step waits");
      return found.length >= 3 && found;
    },
    { describe: "three attempts in vain" },
  );
  // A neighbour may block an attempt as well, and an attempt may be over before it is looked at.
  expect(waits.flatMap(({ inTheWay }) => inTheWay)).toContainEqual(
    expect.objectContaining({
      application: "a report",
      state: "idle in transaction",
      statement: "begin; select count(*) from t where body = ? and n = ?",
    }),
  );
  expect(JSON.stringify(events)).not.toMatch(/secret|4711/);
  await getThrough(neighbours);
  await holder.query("rollback");
  expect((await run).status).toBe("succeeded");
});

test("a waiting step ends when it is told to, and has done nothing", async () => {
  const holder = await connected("a report");
  await holder.query("begin; select from t limit 1");
  const stop = new AbortController();
  const run = runJob(job(addColumn("t", "m", "integer")), {
    connectionString: database.url,
    signal: stop.signal,
    onStep: ({ type }) => type === "step waits" && stop.abort(),
  });
  await expect(run).rejects.toMatchObject({
    code: "step-stopped",
    remedy: expect.stringContaining("continues here"),
  });
  expect(await database.query("select to_jsonb(t) ? 'm' as has from t limit 1")).toEqual([{ has: false }]);
});

/** Runs a step until it has waited so many times, then calls `free`; returns the reported waits. */
async function blocked(step: Step, times: number, free: () => Promise<unknown>) {
  const events: StepEvent[] = [];
  const run = runJob(job(step), { connectionString: database.url, onStep: (event) => events.push(event) });
  const waits = await until(
    async () => {
      const found = events.filter((event) => event.type === "step waits");
      return found.length >= times && found;
    },
    { describe: "a step that waits" },
  );
  await free();
  expect((await run).status).toBe("succeeded");
  return waits;
}

const own = (up: string, transactional: boolean): Step =>
  sqlStep({
    name: "own",
    up: new Sql([up], []),
    down: null,
    transactional,
    known: up.startsWith("lock") ? { "lock-table": "others are to be in its way" } : {},
  });

// Refused behind a pooler.
test.skipIf(inject("poolerUrl") !== null)(
  "a statement of the author's outside a transaction waits in short attempts too",
  async () => {
    const holder = await connected("a report");
    await holder.query("begin; select from t limit 1");
    const neighbours = await startNeighbours();
    const waits = await blocked(own("alter table public.t add column z integer", false), 3, async () => {
      await getThrough(neighbours);
      await holder.query("rollback");
    });
    expect(waits[0]).toMatchObject({ forMs: expect.any(Number), inTheWay: [{ application: "a report" }] });
  },
);

test.each<readonly [string, Step, string, boolean]>([
  [
    "a foreign key whose other table is written",
    addForeignKey("t", "t_p", { columns: ["n"], references: sql`p (id)` }),
    "update p set id = id",
    true,
  ],
  [
    "a statement of the author's",
    own("lock table public.t in share mode", true),
    "delete from t where id = 1",
    true,
  ],
  [
    "an index build by a step",
    createIndex("t_n", { on: "t", by: sql`n` }),
    "delete from t where id = 1",
    false,
  ],
  [
    "an index build by the author",
    own("create /* now */ index concurrently t_n on public.t (n)", false),
    "delete from t where id = 1",
    false,
  ],
])(
  "%s reports which sessions block it, and leaves out the other sessions",
  async (_, step, statement, triesAgain) => {
    await database.query(
      "create table if not exists p (id bigint primary key); truncate p; insert into p values (1)",
    );
    await database.query("update t set n = 1");
    const reader = await connected("a reader");
    await reader.query("begin; select from t, p limit 1; savepoint s");
    const writer = await connected("a writer");
    await writer.query(`begin; ${statement}`);
    const [first] = await blocked(step, 1, () =>
      Promise.all([writer, reader].map((each) => each.query("rollback"))),
    );
    expect(first).toMatchObject({
      forMs: triesAgain ? expect.any(Number) : null,
      inTheWay: [{ application: "a writer", statement: expect.stringMatching(/delete|update/) }],
    });
  },
);

test("an index build can be stopped, and the next run builds the index again", async () => {
  const writer = await connected("a writer");
  await writer.query("begin; delete from t where id = 1");
  const given = job(createIndex("t_n", { on: "t", by: sql`n` }));
  const stop = new AbortController();
  const run = runJob(given, {
    connectionString: database.url,
    signal: stop.signal,
    onStep: ({ type }) => type === "step waits" && stop.abort(),
  });
  await expect(run).rejects.toMatchObject({ code: "step-stopped" });
  expect(await isAny("query ilike '%index concurrently%' and state = 'active'")).toBe(false);
  await writer.query("rollback");
  expect((await runJob(given, { connectionString: database.url })).status).toBe("succeeded");
  expect(await database.query("select indisvalid from pg_index where indexrelid = 't_n'::regclass")).toEqual([
    { indisvalid: true },
  ]);
});

test("a step that checks all rows can be stopped", async () => {
  await brake("%validate%");
  const stop = new AbortController();
  const run = runJob(job(addCheck("t", "n_above", sql`n > 0`)), {
    connectionString: database.url,
    signal: stop.signal,
  });
  await until(() => isAny("query ilike '%validate%' and wait_event = 'PgSleep'"), {
    describe: "a step that looks at all rows",
  });
  stop.abort();
  await expect(run).rejects.toMatchObject({ code: "step-stopped" });
});

/** Keeps matching statements from ending, with their locks held, while the table `brake` has a row. */
async function brake(statement: string): Promise<void> {
  await database.query("create table brake (id integer); insert into brake values (1)");
  await database.query(`
    create function brake() returns event_trigger language plpgsql as $$
    begin
      while current_query() ilike '${statement}' and exists (select from brake) loop perform pg_sleep(0.01); end loop;
    end $$;
    create event trigger brake on ddl_command_end execute function brake()`);
}

test.each<readonly [string, Step, string]>([
  ["tests whether a check holds", addCheck("t", "n_above", sql`n > 0`), "%validate%"],
  ["tests whether a column is null", setNotNull("t", "body"), "%validate%"],
])("readers and writers go on while a step %s for all rows", async (_, step, statement) => {
  const neighbours = await startNeighbours();
  await brake(statement);
  const run = runJob(job(step), { connectionString: database.url });
  await until(() => isAny("query ilike '%validate%' and wait_event = 'PgSleep'"), {
    describe: "a step that looks at all rows",
  });
  await getThrough(neighbours);
  await database.query("delete from brake");
  expect((await run).status).toBe("succeeded");
});

test("readers and writers go on while an index is built and while it is dropped", async () => {
  const steps = job(createIndex("t_body", { on: "t", by: sql`md5(body), n` }));
  const neighbours = await startNeighbours();
  for (const work of [runJob, undoJob]) {
    // Building and dropping both wait for sessions that wrote before.
    const writer = await connected("a writer");
    await writer.query("begin; update t set body = 'x' where id = 60000");
    const done = work(steps, { connectionString: database.url });
    await until(() => isAny("query ilike '%index concurrently%' and wait_event_type = 'Lock'"), {
      describe: "an index that is at work",
    });
    await getThrough(neighbours);
    await writer.query("rollback");
    await done;
  }
});

test.each([
  ["select 'a''b', 12.5, e'it\\\\'", "select …"],
  ["select 'a''b', 12.5 from t1 where \"it's\" = $1", 'select ?, ? from t1 where "it\'s" = $1'],
  ["select $x$secret $y$ 'more'$x$, $$4711$$", "select ?, ?"],
  ["select 1 -- don't tell 4711\n, 0x1F /* 'secret */, B'01', U&'x'", "select ? , ? , ?, U&?"],
  ["insert into t values (1e5, 'unfinished", "insert into t values (?, ?"],
  ["select e'it\\'s secret', 1", "select …"],
])("the statement %j is shown as %j", (statement, shown) => {
  expect(withoutValues(statement)).toBe(shown);
});
