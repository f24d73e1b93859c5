import { AssertionError } from "node:assert";
import {
  addCheck,
  addColumn,
  defineJob,
  defineSqlJob,
  defineSteps,
  deleteFrom,
  insertInto,
  move,
  rows,
  rowsOf,
  type Sql,
  sql,
  sqlStep,
  table,
  update,
} from "tidefill";
import { expectSameAfterKills, type TestDatabase, withDatabase } from "tidefill/testing";
import { expect, test } from "vitest";
import { useTestServer } from "./server.ts";

useTestServer();

const items = table("item", { key: "id", columns: { id: "bigint", n: "integer", tag: "text?" } });
const log = table("log", { key: "id", columns: { id: "bigint", item_id: "bigint", n: "integer" } });

const schema = `
  create table item (id bigint primary key, n integer not null default 0, tag text);
  create table log (id bigint generated always as identity primary key, item_id bigint, n integer);
  create table trace (what text not null);
  insert into item (id) select 7 * i from generate_series(1, 60) i`;

const onItems = (check: (database: TestDatabase) => Promise<unknown>) => withDatabase(check, { schema });

async function failureOf(work: Promise<unknown>): Promise<AssertionError> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(AssertionError);
  return error as AssertionError;
}

const addOne = defineJob({
  name: "add-one",
  source: rowsOf(items, { read: ["n"] }),
  transform: ({ n }) => ({ n: n + 1 }),
  sink: update(items, ["n"]),
});

test("a job that is not idempotent ends in the same state, and is undone; the database stays unchanged", () =>
  onItems(async (database) => {
    await database.query("select 1");
    let calls = 0;
    const counted = defineJob({
      name: "add-one",
      source: rowsOf(items, { read: ["n"] }),
      transform: ({ n }) => {
        calls += 1;
        return { n: n + 1 };
      },
      sink: update(items, ["n"]),
    });
    const report = await expectSameAfterKills(counted, { database });
    // 60 undisturbed batches, 60 that were committed in the end, and those whose batch was killed.
    expect(calls).toBeGreaterThanOrEqual(120 + 5);
    expect(report).toMatchObject({ kills: 5, undone: true });
    expect(report.resumes).toBeGreaterThan(0);
    expect(await database.query("select count(*)::integer as rows from item where n = 0")).toEqual([
      { rows: 60 },
    ]);
    expect(await database.query("select from pg_namespace where nspname like 'tidefill%'")).toEqual([]);
  }));

test("SQL jobs, moves, deletes and jobs with inline rows end in the same state as well", () =>
  onItems(async (database) => {
    const bySql = defineSqlJob({
      name: "add-by-sql",
      expand: [addColumn("item", "extra", "integer", { default: sql`3` })],
      source: rowsOf(items),
      sink: update(items, { n: sql`n + 1` }),
      contract: [addCheck("item", "item_n", sql`n > 0`)],
    });
    await expectSameAfterKills(bySql, { database });
    const moving = defineJob({
      name: "move-items",
      source: rowsOf(items, { where: sql`id % 2 = 0` }),
      transform: ({ id, n }) => [
        { item_id: id, n },
        { item_id: id, n: n + 1 },
      ],
      sink: move(items, insertInto(log, ["item_id", "n"])),
    });
    await expectSameAfterKills(moving, { database, ignore: ["log.id"] });
    await expectSameAfterKills(
      defineSqlJob({ name: "delete-items", source: rowsOf(items), sink: deleteFrom(items) }),
      { database, kills: 2 },
    );
    const seeding = defineJob({
      name: "seed",
      source: rows([{ n: 1 }, { n: 2 }], { columns: { n: "integer" } }),
      transform: ({ n }) => ({ n }),
      sink: insertInto(log, ["n"]),
    });
    expect(await expectSameAfterKills(seeding, { database, ignore: ["id"] })).toMatchObject({ undone: true });
  }));

/** Numbers rows in the order in which its transform is called; a kill changes that order. */
function numbering() {
  let calls = 0;
  return defineJob({
    name: "number-rows",
    source: rowsOf(items),
    transform: () => {
      calls += 1;
      return { n: calls };
    },
    sink: update(items, ["n"]),
  });
}

test("a transform that keeps a count in memory is detected, row by row, and its kills can be repeated", () =>
  onItems(async (database) => {
    const error = await failureOf(expectSameAfterKills(numbering, { database, workers: 1 }));
    expect(error.message).toContain("number-rows does not end in the same state when it is killed");
    expect(error.message).toMatch(/public\.item id=\d+: is \{"n":"\d+"\}, should be \{"n":"\d+"\}/);
    expect(error.message).toContain("more");
    const seed = Number(/seed: (\d+)/.exec(error.message)?.[1]);
    const again = await failureOf(expectSameAfterKills(numbering, { database, workers: 1, seed }));
    expect(again.message).toBe(error.message);
    await expectSameAfterKills(numbering, { database, ignore: ["n"] });
    await failureOf(expectSameAfterKills(numbering(), { database }));
  }));

test("a scope that depends on rows already done is detected", () =>
  onItems(async (database) => {
    const job = defineSqlJob({
      name: "first-half",
      source: rowsOf(items, { where: sql`id <= (select 7 * (30 + count(*)) from item where n = 1)` }),
      sink: update(items, { n: sql`1` }),
    });
    const error = await failureOf(expectSameAfterKills(job, { database, workers: 1, batchRows: 4 }));
    expect(error.message).toContain("first-half does not end in the same state when it is killed");
  }));

test("a pending that another row makes false leaves rows out, and is detected", () =>
  onItems(async (database) => {
    const job = defineSqlJob({
      name: "tag-items",
      source: rowsOf(items, { pending: sql`tag is null and not exists (select from item i where i.n = 1)` }),
      sink: update(items, { tag: sql`'done'`, n: sql`1` }),
    });
    const error = await failureOf(expectSameAfterKills(job, { database, batchRows: 5 }));
    expect(error.message).toContain("public.item id=");
    expect(error.message).toContain('should be {"n":"1","tag":"done"}');
  }));

test("what an undone run leaves behind is detected", () =>
  onItems(async (database) => {
    await database.query(`
      create function trace() returns trigger language plpgsql as
        $$ begin insert into public.trace values (new.n::text); return new; end $$;
      create trigger trace after update on item for each row execute function trace()`);
    const error = await failureOf(expectSameAfterKills(addOne, { database }));
    expect(error.message).toContain("add-one does not restore what was there before when it is undone");
    expect(error.message).toContain('public.trace: unexpected {"what":"0"}');
    expect(await expectSameAfterKills(addOne, { database, undo: false })).toMatchObject({ undone: false });
  }));

test("a step of the author's with an incomplete undo is detected; a step without an undo is not tried", () =>
  onItems(async (database) => {
    const up = sql`create table extra (id bigint)`;
    const withStep = (down: Sql | null) =>
      defineJob({
        name: "with-step",
        expand: [sqlStep({ name: "extra", up, down })],
        source: rowsOf(items, { read: ["n"] }),
        transform: ({ n }) => ({ n: n + 1 }),
        sink: update(items, ["n"]),
      });
    const error = await failureOf(expectSameAfterKills(withStep(sql`select 1`), { database }));
    expect(error.message).toContain("the schema: unexpected column public.extra.id bigint");
    expect(await expectSameAfterKills(withStep(null), { database })).toMatchObject({ undone: false });
  }));

test("a job that fails only when it is killed is detected", () =>
  onItems(async (database) => {
    const seen = new Set<bigint>();
    const onceOnly = () => {
      const isFirst = seen.size === 0;
      return defineJob({
        name: "once-only",
        rejectLimit: 0,
        source: rowsOf(items),
        transform: ({ id }) => {
          if (!isFirst && seen.has(id)) throw new Error("was here before");
          seen.add(id);
          return { n: 1 };
        },
        sink: update(items, ["n"]),
      });
    };
    const error = await failureOf(expectSameAfterKills(onceOnly, { database }));
    expect(error.message).toMatch(
      /once-only succeeds when nothing disturbs it, but is failed when it is killed/,
    );
  }));

test("with nothing to kill or to compare, the test fails and says so", () =>
  onItems(async (database) => {
    const none = defineJob({
      name: "none",
      source: rowsOf(items, { where: sql`id < 0` }),
      transform: () => ({ n: 1 }),
      sink: update(items, ["n"]),
    });
    await expect(expectSameAfterKills(none, { database })).rejects.toThrow(
      "none read no row in this database",
    );
    const steps = defineSteps({ name: "steps", expand: [addColumn("item", "extra", "text")] });
    await expect(expectSameAfterKills(steps, { database })).rejects.toThrow("nothing to kill");
    await expect(expectSameAfterKills(addOne, { database, kills: 0 })).rejects.toThrow(
      "kills must be a whole",
    );
    const ignoring = expectSameAfterKills(addOne, { database, ignore: ["m"] });
    await expect(ignoring).rejects.toThrow("ignore names m, but no table has such a column");
    const failing = defineJob({
      name: "failing",
      rejectLimit: 0,
      source: rowsOf(items),
      transform: () => {
        throw new Error("never");
      },
      sink: update(items, ["n"]),
    });
    await expect(expectSameAfterKills(failing, { database })).rejects.toThrow(
      "failing does not succeed even when nothing disturbs it",
    );
  }));
