import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { findPgbouncer, Pgbouncer } from "../support/pgbouncer.ts";
import { CommandLine, outcomeOf } from "../support/tidefill.ts";
import { until } from "../support/until.ts";

// Not watched for connections left open: the pooler keeps its own open.
let database: TestDatabase;
const rows = 20_000;

const jobs = {
  "tables.ts": `import { table } from "tidefill";
export const counters = table("counters", { key: "id", columns: { id: "bigint", n: "integer" } });`,
  "by-row.ts": `import { defineJob, rowsOf, update } from "tidefill";
import { counters } from "./tables.ts";
export default defineJob({
  name: "by-row",
  source: rowsOf(counters, { read: ["n"] }),
  transform: (row) => ({ n: row.n + 1 }),
  sink: update(counters, ["n"]),
  pace: { rowsPerSecond: 4000 },
});`,
  "by-sql.ts": `import { defineSqlJob, rowsOf, sql, update } from "tidefill";
import { counters } from "./tables.ts";
export default defineSqlJob({
  name: "by-sql",
  source: rowsOf(counters),
  sink: update(counters, { n: sql\`n + 1\` }),
  pace: { rowsPerSecond: 4000 },
});`,
  "fill.ts": `import { defineSqlJob, rowsOf, sql, update } from "tidefill";
import { counters } from "./tables.ts";
export default defineSqlJob({
  name: "fill",
  source: rowsOf(counters, { pending: sql\`n <> 7\` }),
  sink: update(counters, { n: sql\`7\` }),
});`,
  "add-m.ts": `import { defineSteps, sql, sqlStep } from "tidefill";
export default defineSteps({
  name: "add-m",
  expand: [
    sqlStep({ name: "m", up: sql\`alter table public.counters add column m integer\`, down: null, transactional: false }),
  ],
});`,
  "add-index.ts": `import { createIndex, defineSteps, sql } from "tidefill";
export default defineSteps({ name: "add-index", expand: [createIndex("by_n", { on: "counters", by: sql\`n\` })] });`,
};

/** Another user of the pooler, who gets a backend that tidefill used before. */
class Somebody {
  readonly #client: pg.Client;
  #hasLeft = false;

  private constructor(client: pg.Client) {
    this.#client = client;
  }

  static async connect(connectionString: string): Promise<Somebody> {
    const client = new pg.Client({ connectionString, application_name: "somebody" });
    await client.connect();
    return new Somebody(client);
  }

  /** Settings of a transaction or statement of tidefill's must not be set in this session. */
  async look(): Promise<void> {
    const names = ["enable_seqscan", "lock_timeout", "statement_timeout", "application_name"];
    const shown = names.map((name) => `current_setting('${name}') as ${name}`).join(", ");
    const { rows: found } = await this.#client.query(`select ${shown}`);
    expect(found).toEqual([
      { enable_seqscan: "on", lock_timeout: "0", statement_timeout: "0", application_name: "somebody" },
    ]);
  }

  /** Looks repeatedly until told to leave; returns how often. */
  async lookOn(): Promise<number> {
    for (let looks = 0; ; looks += 1) {
      if (this.#hasLeft) return looks;
      await this.look();
      await delay(5);
    }
  }

  async leave(): Promise<void> {
    this.#hasLeft = true;
    await delay(50);
    await this.#client.end();
  }
}

describe.skipIf(findPgbouncer() === undefined)("behind pgbouncer in transaction mode", () => {
  let pooler: Pgbouncer;
  let tidefill: CommandLine;

  beforeAll(async () => {
    database = await createTestDatabase();
    // Fewer connections than workers: each transaction may get another one.
    pooler = await Pgbouncer.before(database.url, 2);
    tidefill = await CommandLine.open(pooler.url, jobs);
  });
  beforeEach(async () => {
    await database.query("drop schema if exists tidefill cascade");
    await database.query("drop table if exists counters");
    await database.query("create table counters (id bigint primary key, n integer not null default 0)");
    await database.query("insert into counters (id) select g from generate_series(1, $1::integer) g", [rows]);
  });
  afterEach(() => tidefill.killAll());
  afterAll(async () => {
    await tidefill.close();
    await pooler.stop();
    await database.drop();
  });

  async function allAre(n: number): Promise<void> {
    const found = await database.query("select min(n), max(n), count(*)::integer from counters");
    expect(found).toEqual([{ min: n, max: n, count: rows }]);
  }

  async function isUnderWay(): Promise<boolean> {
    const [found] = await database.query("select to_regclass('tidefill.range') is not null as there");
    if (found?.there !== true) return false;
    const [row] = await database.query("select coalesce(sum(batches), 0)::integer as n from tidefill.range");
    return Number(row?.n) > 2;
  }

  test.each(["by-row", "by-sql"])(
    "%s counts each row once, and its undo restores the counters table",
    async (job) => {
      expect((await tidefill.run("run", job, "--workers", "4")).code).toBe(0);
      await allAre(1);
      expect((await tidefill.run("undo", job, "--yes")).code).toBe(0);
      await allAre(0);
    },
  );

  test.each(["by-row", "by-sql"])("%s, killed and resumed, counts each row once", async (job) => {
    tidefill.start("run", job, "--workers", "4", "--lease", "1s");
    await until(isUnderWay, { describe: "batches" });
    await tidefill.killAll();
    expect((await tidefill.run("resume", job, "--lease", "1s")).code).toBe(0);
    await allAre(1);
  });

  test("killing and restarting the pooler stops no run and corrupts no row", async () => {
    const running = outcomeOf(tidefill.start("run", "by-row", "--workers", "4"));
    await until(isUnderWay, { describe: "batches" });
    await pooler.kill();
    await delay(500);
    await pooler.start();
    expect((await running).code).toBe(0);
    await allAre(1);
  });

  test("a verify finds exactly what differs, and leaves no setting on a connection", async () => {
    expect((await tidefill.run("run", "fill")).code).toBe(0);
    await database.query("update counters set n = 5 where id in (3, 700, 19999)");
    const { code, value } = await tidefill.json("verify", "fill");
    expect({ code, value }).toMatchObject({ code: 4, value: { rows: { read: rows, conflicted: 3 } } });
    const somebody = await Somebody.connect(pooler.url);
    await somebody.look();
    await somebody.leave();
  });

  /** A step that builds an index and waits for a writer while another user uses the pooler. */
  async function indexBehindWriter() {
    const writer = new pg.Client({ connectionString: database.url, application_name: "a writer" });
    await writer.connect();
    await writer.query("begin; delete from counters where id = 1");
    const somebody = await Somebody.connect(pooler.url);
    const looking = somebody.lookOn();
    const child = tidefill.start("up", "--to", "add-index");
    const running = outcomeOf(child);
    const told: string[] = [];
    child.stderr.on("data", (chunk: Buffer) => told.push(chunk.toString()));
    await until(async () => told.join("").includes("a writer"), { describe: "the blocking session's name" });
    const wasUndisturbed = async (): Promise<void> => {
      await somebody.leave();
      expect(await looking).toBeGreaterThan(10);
    };
    return { writer, child, running, wasUndisturbed };
  }

  test("a step's statement outside a transaction leaks its settings to no other user of the pooler", async () => {
    const { writer, running, wasUndisturbed } = await indexBehindWriter();
    await writer.query("rollback");
    await writer.end();
    expect((await running).code).toBe(0);
    await wasUndisturbed();
    expect(
      await database.query("select indisvalid as v from pg_index where indexrelid = 'by_n'::regclass"),
    ).toEqual([{ v: true }]);
  });

  test("Ctrl-C stops a step, and no statement of another user", async () => {
    const { writer, child, running, wasUndisturbed } = await indexBehindWriter();
    child.kill("SIGINT");
    expect((await running).code).not.toBe(0);
    await wasUndisturbed();
    await writer.end();
  });

  test("a step whose waiting cannot be limited is refused, and nothing of it is done", async () => {
    const { code, stderr } = await tidefill.run("up", "--to", "add-m");
    expect({ code, stderr }).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("a pooler is in between"),
    });
    expect(await database.query("select to_jsonb(c) ? 'm' as has from counters c limit 1")).toEqual([
      { has: false },
    ]);
  });

  test("locks are not traced: the copies would be left in other sessions", async () => {
    const { code, stderr } = await tidefill.run("plan", "add-m", "--trace");
    expect({ code, stderr }).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("A pooler is in between"),
    });
  });
});
