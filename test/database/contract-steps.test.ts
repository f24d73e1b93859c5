import {
  contractJob,
  defineSqlJob,
  defineSteps,
  dropColumn,
  dropTable,
  renameColumn,
  resumeRun,
  rowsOf,
  runJob,
  sql,
  sqlStep,
  table,
  update,
} from "tidefill";
import { beforeEach, describe, expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";

const database = useDatabase();
const options = {
  get connectionString() {
    return database.url;
  },
};
const things = table("things", { key: "id", columns: { id: "bigint", n: "integer?", old: "text?" } });
const widen = sqlStep({ name: "widen", up: sql`alter table public.things alter n type bigint`, down: null });
const wipe = sqlStep({ name: "wipe", up: sql`update public.things set old = 'gone'`, down: null });

beforeEach(async () => {
  await database.query("drop schema if exists tidefill cascade; drop table if exists things");
  await database.query("create table things (id bigint primary key, n integer, old text)");
  await database.query(
    "insert into things select g, null, 'o' from generate_series(1, 300) g; analyze things",
  );
});

async function overwritten(): Promise<unknown> {
  const [row] = await database.query("select count(*)::integer as n from things where old = 'gone'");
  return row?.n;
}

describe("last steps that would harm a live table", () => {
  const filling = (contract: readonly (typeof wipe)[]) =>
    defineSqlJob({
      name: "fill",
      source: rowsOf(things, { pending: sql`n is null` }),
      sink: update(things, { n: sql`1` }),
      contract,
    });

  test("refuse the run before its first row, also where there is no step before the rows", async () => {
    for (const job of [defineSteps({ name: "steps", contract: [widen, wipe] }), filling([widen, wipe])]) {
      await expect(runJob(job, options)).rejects.toMatchObject({ check: "sql-is-safe" });
      expect(await database.query("select from things where n is not null")).toEqual([]);
    }
    expect(await overwritten()).toBe(0);
  });

  test("that came into the job after its rows were begun wait, and contract refuses them", async () => {
    const controller = new AbortController();
    const first = await runJob(filling([]), {
      ...options,
      signal: controller.signal,
      onEvent: ({ type }) => type === "run started" && controller.abort(),
    });
    expect(first.status).toBe("interrupted");
    const report = await resumeRun(filling([wipe]), "fill", { ...options, acceptChanges: true });
    expect(report).toMatchObject({
      status: "succeeded",
      contract: { done: 0, open: ["wipe"], problem: expect.stringContaining("wipe") },
    });
    await expect(contractJob(filling([wipe]), options)).rejects.toMatchObject({ check: "sql-is-safe" });
    expect(await overwritten()).toBe(0);
  });
});

test.each([dropColumn("things", "n"), dropTable("things"), renameColumn("things", "n", "m")])(
  "$name belongs after the rows, where its gates are",
  (step) => {
    expect(() => defineSteps({ name: "early", expand: [step] })).toThrow(/takes something away/);
    expect(() => defineSteps({ name: "late", contract: [step] })).not.toThrow();
  },
);
