import {
  defineJob,
  resumeRun,
  retryRejects,
  rowsOf,
  runJob,
  table,
  undoRun,
  update,
  verifyRun,
} from "tidefill";
import { beforeAll, expect, test } from "vitest";
import { isLong, Random } from "../../crash/programs/random.ts";
import { useDatabase } from "../../support/database.ts";
import { emptyStore } from "../../support/empty-store.ts";
import { keyCases, keySetup } from "./key-cases.ts";

const database = useDatabase();

const composite = {
  name: "a boolean, an address and a char(5)",
  setup: "",
  columns: { a: "boolean", b: "text", c: "text" },
  ddl: "a boolean not null, b inet not null, c char(5) not null, primary key (a, b, c)",
  insert: `insert into counted (a, b, c)
    select g % 3 = 0, '10.0.0.1'::inet + g, substr('a  bc', 1, g % 5) from generate_series(1, 20) g`,
} as const;

const shapes = [
  composite,
  ...keyCases.map(({ name, setup = "", declared, ddl, nasty }) => ({
    name,
    setup,
    columns: { k: declared },
    ddl: `k ${ddl} primary key`,
    insert: `insert into counted (k) values ${nasty} on conflict do nothing`,
  })),
];

beforeAll(async () => {
  await database.query(keySetup);
});

async function count(where: string): Promise<number> {
  return Number((await database.query(`select count(*)::integer as rows from ${where}`))[0]?.rows);
}

/** Makes a trigger refuse or swallow the updates of these rows. */
async function hinder(rows: string, what: "raise exception 'no'" | "return null"): Promise<void> {
  await database.query(`
    create or replace function hinder() returns trigger language plpgsql as
      $$begin if new.${rows} then ${what}; end if; return new; end$$;
    create trigger hinder before update on counted for each row execute function hinder()`);
}

const random = new Random("keys of texts");
const chosen = isLong ? shapes : [composite, ...shapes.filter(() => random.next() < 0.3)];

test.each([...new Set(chosen)])(
  "rejects, differences and unrestored rows of an undo are found again by a key of $name",
  async ({ setup, columns, ddl, insert }) => {
    await database.query(`
      ${emptyStore};
      drop table if exists counted; ${setup}`);
    await database.query(`
      create table counted (tag integer generated always as identity, n integer not null default 0, ${ddl})
        with (autovacuum_enabled = false)`);
    await database.query(insert);
    const options = { connectionString: database.url, workers: 2 };
    const described = table("counted", {
      key: Object.keys(columns) as never,
      columns: { ...columns, tag: "integer", n: "integer" },
    });
    const job = defineJob({
      name: "fill",
      source: rowsOf(described, { read: ["tag"] }),
      transform: ({ tag }) => ({ n: tag }),
      sink: update(described, ["n"]),
    });
    const odd = await count("counted where tag % 2 = 1");
    const even = await count("counted where tag % 2 = 0");

    await hinder("tag % 2 = 1", "raise exception 'no'");
    const report = await runJob(job, { ...options, rejectLimit: 10_000 });
    expect(report).toMatchObject({ status: "succeeded", rows: { written: even, rejected: odd } });
    // Rejected rows are not differences.
    expect(await verifyRun(job, options)).toMatchObject({ rows: { conflicted: 0 } });
    await database.query("drop trigger hinder on counted");
    expect(await retryRejects(job, String(report.run), options)).toMatchObject({
      rows: { written: odd },
    });
    expect(await count("tidefill.reject")).toBe(0);
    expect(await count("counted where n = tag")).toBe(odd + even);

    await database.query("update counted set n = -1 where tag % 2 = 0");
    expect(await verifyRun(job, options)).toMatchObject({ rows: { conflicted: even } });
    await database.query("update counted set n = tag");

    await hinder("tag % 4 = 2", "return null");
    const left = await count("counted where tag % 4 = 2");
    const undone = await undoRun(String(report.run), options);
    expect(undone).toMatchObject({
      status: "failed",
      stopReason: "swallowed",
      rows: { written: even - left, swallowed: left },
    });
    await database.query("drop trigger hinder on counted");
    expect(await resumeRun(null, String(undone.run), options)).toMatchObject({ status: "succeeded" });
    expect(await count(`tidefill.reject where run_id = ${undone.run}`)).toBe(0);
    expect(await count("counted where n = 0")).toBe(even);
  },
);
