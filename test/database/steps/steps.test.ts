import {
  addCheck,
  addColumn,
  addForeignKey,
  contractJob,
  createIndex,
  createTable,
  defineSqlJob,
  defineSteps,
  dropColumn,
  dropIndex,
  dropTable,
  type Job,
  RefusedError,
  renameColumn,
  rowsOf,
  runJob,
  type Step,
  setNotNull,
  sql,
  sqlStep,
  table,
  undoJob,
  update,
} from "tidefill";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { takesAway } from "../../../src/job/steps/steps.ts";
import { Sql } from "../../../src/postgres/sql/sql.ts";
import type { StepEvent } from "../../../src/steps/step-events.ts";
import { useDatabase } from "../../support/database.ts";

const database = useDatabase();
const isPooled = inject("poolerUrl") !== null;
/** Characters that could break out of a name, and a name of 63 bytes. */
const nasty = 'a.b"c\'d\n e; drop table "t"--$1 ü'.padEnd(62, "x");
const quoted = `"${nasty.replaceAll('"', '""')}"`;

const createNasty = new Sql([`create table things.${quoted} (id bigint)`], []);

beforeEach(async () => {
  await database.query("drop schema if exists tidefill, things, hostile cascade; create schema things");
  await database.query("create table things.t (id bigint primary key, n integer, old text)");
  await database.query(
    "insert into things.t select g, g, 'o' || g from generate_series(1, 100) g; analyze things.t",
  );
  await database.query("create index t_old on things.t (old)");
});

/** Destructive steps go into `contract`. */
function job(...steps: readonly Step[]): Job {
  return defineSteps({ name: "steps", [steps.some(takesAway) ? "contract" : "expand"]: steps });
}

async function done(given: Job): Promise<readonly StepEvent[]> {
  const events: StepEvent[] = [];
  const options = { connectionString: database.url, onStep: (event: StepEvent) => events.push(event) };
  const report = await runJob(given, { ...options, again: true });
  expect(report.status).toBe("succeeded");
  await contractJob(given, options);
  return events.filter(({ type }) => type === "step done");
}

async function refused(work: Promise<unknown>): Promise<RefusedError> {
  const error = await work.then(
    () => new Error("It was not refused."),
    (reason: unknown) => reason,
  );
  if (!(error instanceof RefusedError)) throw error;
  expect(error.remedy).toBeTruthy();
  return error;
}

/** The schema according to the catalogue, and the rows. */
async function schema(): Promise<unknown> {
  return database.query(`
    select attrelid::regclass::text as of, attname as name, concat_ws(' ', format_type(atttypid, atttypmod), attnotnull,
      (select pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = attrelid and adnum = attnum)) as is
    from pg_attribute join pg_class c on c.oid = attrelid
    where relnamespace = 'things'::regnamespace and relkind = 'r' and attnum > 0 and not attisdropped
    union all
    select conrelid::regclass::text, conname, concat_ws(' ', pg_get_constraintdef(oid), convalidated)
    from pg_constraint where connamespace = 'things'::regnamespace
    union all
    select indrelid::regclass::text, relname, concat_ws(' ', pg_get_indexdef(indexrelid), indisvalid)
    from pg_index join pg_class c on c.oid = indexrelid where relnamespace = 'things'::regnamespace
    union all
    select 'rows', '', md5(string_agg(t::text, ',' order by t::text)) from things.t
    order by 1, 2, 3`);
}

describe.each<readonly [string, readonly Step[]]>([
  ["a column", [addColumn("things.t", nasty, "text", { default: sql`'x'`, notNull: true })]],
  ["a table", [createTable(`things.${quoted}`, createNasty)]],
  [
    "an index",
    [createIndex(nasty, { on: "things.t", by: sql`(lower(old)), n`, where: sql`n > 5`, unique: true })],
  ],
  ["a dropped index", [dropIndex("things.t_old")]],
  ["a check", [addCheck("things.t", nasty, sql`n > 0 -- and no more`)]],
  [
    "a foreign key",
    [
      createTable("things.p", sql`create table things.p (id bigint primary key)`),
      addColumn("things.t", nasty, "bigint"),
      addForeignKey("things.t", nasty, {
        columns: [nasty],
        references: sql`things.p (id) on delete cascade`,
      }),
    ],
  ],
  ["a column that is not null", [setNotNull("things.t", "n")]],
  ["a renamed column", [renameColumn("things.t", "old", nasty)]],
  [
    "statements of the author's",
    [
      sqlStep({
        name: nasty,
        up: sql`insert into things.t values (1000, 1, 'by the step')`,
        down: sql`delete from things.t where id = 1000`,
      }),
    ],
  ],
])("%s", (_, steps) => {
  test("is done by the step, recognised by the next run, and undone by undo", async () => {
    const before = await schema();
    expect(await done(job(...steps))).toHaveLength(steps.length);
    const after = await schema();
    expect(after).not.toEqual(before);
    expect(await done(job(...steps))).toEqual([]);
    await undoJob(job(...steps), { connectionString: database.url });
    expect(await schema()).toEqual(before);
  });

  test("done before the job is recognised, and stays when the job is undone", async () => {
    if (steps[0]?.kind === "sql") return;
    await done(job(...steps));
    const after = await schema();
    // A new store, which has no record of the steps.
    await database.query("drop schema tidefill cascade");
    const found = await done(job(...steps));
    expect(found).toEqual(steps.map(() => expect.objectContaining({ wasThere: true })));
    expect(await schema()).toEqual(after);
    const events: StepEvent[] = [];
    await undoJob(job(...steps), { connectionString: database.url, onStep: (event) => events.push(event) });
    expect(events).toEqual(steps.map(() => expect.objectContaining({ type: "step undone", wasThere: true })));
    expect(await schema()).toEqual(after);
    expect(await database.query("select from tidefill.step")).toEqual([]);
  });
});

test("statements of the author's that were done before the job stay when it is undone", async () => {
  await database.query("insert into things.t values (1000, 1, 'by somebody')");
  const given = (transactional: boolean) =>
    job(
      sqlStep({
        name: "a row",
        up: sql`insert into things.t values (1000, 1, 'by the step')`,
        down: sql`delete from things.t where id = 1000`,
        done: sql`select exists (select from things.t where id = 1000)`,
        transactional,
      }),
    );
  const before = await schema();
  for (const transactional of [true, false]) {
    await done(given(transactional));
    await undoJob(given(transactional), { connectionString: database.url });
    expect(await schema()).toEqual(before);
  }
});

test("an unvalidated check that was there before is validated, and stays when the job is undone", async () => {
  await database.query("alter table things.t add constraint n_above check (n > 0) not valid");
  const given = job(addCheck("things.t", "n_above", sql`n > 0`));
  await done(given);
  const after = await schema();
  await undoJob(given, { connectionString: database.url });
  expect(await schema()).toEqual(after);
});

test("undo rebuilds a dropped index as it was", async () => {
  const before = await schema();
  const given = job(dropIndex("things.t_old"));
  await done(given);
  expect(await schema()).not.toEqual(before);
  await undoJob(given, { connectionString: database.url });
  expect(await schema()).toEqual(before);
});

test("a second undo rebuilds an index after the first failed", async () => {
  await database.query("create unique index t_n on things.t (n)");
  const before = await schema();
  const given = job(dropIndex("things.t_n"));
  await done(given);
  await database.query("insert into things.t values (500, 1, null)");
  await expect(undoJob(given, { connectionString: database.url })).rejects.toThrow(/t_n/);
  await database.query("delete from things.t where id = 500");
  await undoJob(given, { connectionString: database.url });
  expect(await schema()).toEqual(before);
});

test("an index that was left invalid is built again", async () => {
  await database.query("insert into things.t values (500, 1, null)");
  const given = job(createIndex("t_n", { on: "things.t", by: sql`n`, unique: true }));
  await expect(runJob(given, { connectionString: database.url })).rejects.toThrow(/t_n/);
  expect(
    await database.query("select indisvalid from pg_index where indexrelid = 'things.t_n'::regclass"),
  ).toEqual([{ indisvalid: false }]);
  await database.query("delete from things.t where id = 500");
  await done(given);
  expect(
    await database.query("select indisvalid from pg_index where indexrelid = 'things.t_n'::regclass"),
  ).toEqual([{ indisvalid: true }]);
});

test("the undo of a failed step removes its invalid index, its unvalidated check and its helper check for not null", async () => {
  await database.query("insert into things.t values (500, 1, null)");
  const before = await schema();
  for (const [step, left] of [
    [createIndex("t_n", { on: "things.t", by: sql`n`, unique: true }), /index t_n.* invalid/],
    [addCheck("things.t", "n_above", sql`n > 1`), /constraint n_above.*, not valid/],
    [setNotNull("things.t", "old"), /constraint tidefill_not_null_.*, not valid, .* null in new rows/],
  ] as const) {
    await expect(runJob(job(step), { connectionString: database.url })).rejects.toMatchObject({
      code: "step-failed",
      message: expect.stringMatching(left),
      remedy: expect.stringContaining("undo --to"),
    });
    expect(await schema(), step.name).not.toEqual(before);
    await undoJob(job(step), { connectionString: database.url });
    expect(await schema(), step.name).toEqual(before);
  }
});

test("undo does not drop another object with the name of the index", async () => {
  await database.query("create table things.t_n (id bigint)");
  const given = job(createIndex("t_n", { on: "things.t", by: sql`n` }));
  await expect(runJob(given, { connectionString: database.url })).rejects.toThrow(/t_n/);
  await undoJob(given, { connectionString: database.url });
  expect(await database.query("select to_regclass('things.t_n') is not null as has")).toEqual([
    { has: true },
  ]);
});

test("texts outside a transaction are sent one by one, and undone one by one", async () => {
  const before = await schema();
  const given = job(
    sqlStep({
      name: "two indexes",
      up: [
        sql`create index concurrently t_a on things.t (n)`,
        sql`create index concurrently t_b on things.t (n)`,
      ],
      down: [sql`drop index concurrently things.t_a`, sql`drop index concurrently things.t_b`],
      transactional: false,
      done: sql`select to_regclass('things.t_a') is not null and to_regclass('things.t_b') is not null`,
    }),
  );
  await done(given);
  expect(await schema()).not.toEqual(before);
  await undoJob(given, { connectionString: database.url });
  expect(await schema()).toEqual(before);
});

test("a step whose statements produce something else is not done", async () => {
  const given = job(createTable("things.u", sql`create table things.v (id bigint)`));
  await expect(runJob(given, { connectionString: database.url })).rejects.toMatchObject({
    code: "step-not-done",
  });
});

test("a column's type is compared without what follows it, such as a collation", async () => {
  const given = job(addColumn("things.t", "m", 'text collate "C"'), addColumn("things.t", "s", "varchar(9)"));
  await done(given);
  await database.query("drop schema tidefill cascade");
  expect(await done(given)).toHaveLength(2);
});

test.each<readonly [string, string, Step, RegExp]>([
  [
    "a column of another type",
    "select",
    addColumn("things.t", "old", "integer"),
    /there: +text\n +wanted: integer/,
  ],
  [
    "an index of another table",
    "create table things.u (n integer); create index t_n on things.u (n)",
    createIndex("t_n", { on: "things.t", by: sql`n` }),
    /another table/,
  ],
  [
    "both names of a column",
    "alter table things.t add new text",
    renameColumn("things.t", "old", "new"),
    /both old and new/,
  ],
  [
    "neither name of a column",
    "alter table things.t drop old",
    renameColumn("things.t", "old", "new"),
    /neither old nor new/,
  ],
])("%s blocks a step, which is refused", async (_, before, step, message) => {
  await database.query(before);
  const state = await schema();
  const work = runJob(job(step), { connectionString: database.url }).then(() =>
    contractJob(job(step), { connectionString: database.url }),
  );
  expect((await refused(work)).message).toMatch(message);
  expect(await schema()).toEqual(state);
});

test("a step that would harm a live table is refused before anything is done, unless its author gives a reason", async () => {
  const state = await schema();
  const up = sql`alter table things.t alter column n type bigint`;
  const rewrite = (known = {}) =>
    job(addColumn("things.t", "m", "integer"), sqlStep({ name: "widen", up, down: null, known }));
  const error = await refused(runJob(rewrite(), { connectionString: database.url }));
  expect(error).toMatchObject({
    check: "sql-is-safe",
    message: expect.stringContaining("change-column-type"),
  });
  expect(await schema()).toEqual(state);
  await done(rewrite({ "change-column-type": "it has a hundred rows" }));
  await expect(
    runJob(rewrite({ "change-colum-type": "…" }), { connectionString: database.url, again: true }),
  ).rejects.toThrow(/No SQL check has the code/);
});

describe("a hostile search path", () => {
  const reconnect = (): Promise<unknown> =>
    database.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
    );

  beforeEach(async () => {
    await database.query(
      `create schema hostile; create function hostile.lower(text) returns text language sql immutable as 'select null'`,
    );
    await database.query(`alter database ${database.name} set search_path = hostile, pg_catalog, things`);
    await reconnect();
  });
  afterEach(async () => {
    await database.query(`alter database ${database.name} reset search_path; drop schema hostile cascade`);
    await reconnect();
  });

  const index = sqlStep({
    name: "alone",
    up: sql`create index concurrently t_alone on t (lower(old))`,
    down: sql`drop index concurrently t_alone`,
    transactional: false,
  });

  test.skipIf(isPooled)("changes nothing", async () => {
    await done(
      job(
        addColumn("t", "m", "text", { default: sql`lower('M')` }),
        createIndex("t_lower", { on: "t", by: sql`lower(old)` }),
        index,
      ),
    );
    expect(await database.query("select distinct m from things.t")).toEqual([{ m: "m" }]);
    const indexes = await database.query(`
      select bool_and(pg_get_indexdef(i) ~ '[(]lower[(]old[)][)]$') as are_plain
      from unnest(array['things.t_lower', 'things.t_alone']::regclass[]) i
      cross join set_config('search_path', 'pg_catalog', true)`);
    expect(indexes).toEqual([{ are_plain: true }]);
  });

  test.skipIf(!isPooled)("is refused where a pooler does not let a session set another", async () => {
    await expect(done(job(index))).rejects.toMatchObject({ check: "step-has-its-session" });
  });
});

describe("dropping", () => {
  const things = table("things.t", { key: "id", columns: { id: "bigint", n: "integer?", old: "text?" } });
  const dropping = (last: Step, more: object = {}): Job =>
    defineSqlJob({
      name: "drop-old",
      source: rowsOf(things),
      sink: update(things, { n: sql`n + 1` }),
      contract: [last],
      ...more,
    });
  const options = {
    get connectionString() {
      return database.url;
    },
  };

  test.each([
    ["the column whose images an undo log holds", dropColumn("things.t", "n"), "no-undo-needs-it"],
    ["the table of an undo log", dropTable("things.t"), "no-undo-needs-it"],
    ["a column without a backup", dropColumn("things.t", "old"), "backup-is-there"],
  ])("%s is refused", async (_, step, check) => {
    // `n + 1` cannot be compared, so the run counts as verified by hand.
    const given = dropping(step, { sink: update(things, { n: sql`id` }) });
    const report = await runJob(given, options);
    expect(report.contract).toMatchObject({ done: 0, open: [step.name], problem: null });
    const state = await schema();
    expect((await refused(contractJob(given, options))).check).toBe(check);
    expect(await schema()).toEqual(state);
  });

  test("a column is dropped once the author's check says that there is a backup", async () => {
    let says = false;
    const given = dropping(dropColumn("things.t", "old"), {
      sink: update(things, { n: sql`id` }),
      backup: { check: () => says },
    });
    await runJob(given, options);
    expect((await refused(contractJob(given, options))).check).toBe("backup-is-there");
    says = true;
    expect(await contractJob(given, options)).toMatchObject({ done: 1, open: [], problem: null });
    expect(await database.query("select to_jsonb(t) ? 'old' as has from things.t t limit 1")).toEqual([
      { has: false },
    ]);
    expect((await refused(undoJob(given, options))).check).toBe("steps-can-be-undone");
  });

  test("a run whose verify finds differences blocks its contract steps", async () => {
    const given = dropping(setNotNull("things.t", "n"));
    const report = await runJob(given, options);
    expect(report.contract).toMatchObject({ done: 0, problem: expect.stringContaining("100 differences") });
    expect((await refused(contractJob(given, options))).check).toBe("run-is-verified");
  });
});

test.each<readonly [string, () => unknown, RegExp]>([
  ["a parameter in a default", () => addColumn("t", "c", "int", { default: sql`${1}` }), /without values/],
  ["an empty reason", () => addColumn("t", "c", "int", { known: { x: " " } }), /without a reason/],
  [
    "a list of texts in a transaction",
    () => sqlStep({ name: "two", up: [sql`select 1`, sql`select 2`], down: null }),
    /list of texts/,
  ],
  ["a step without a text", () => sqlStep({ name: "none", up: [], down: null }), /no statement/],
  ["a step twice", () => job(addColumn("t", "c", "int"), addColumn("t", "c", "text")), /twice/],
  ["a job without steps", () => job(), /no steps/],
  ["a name of 64 bytes", () => createTable("x".repeat(64), sql`create table x ()`), /63 bytes/],
  ["an index of 64 bytes", () => createIndex("ü".repeat(32), { on: "t", by: sql`n` }), /63 bytes/],
  ["a column of 64 bytes", () => addColumn("t", "x".repeat(64), "integer"), /63 bytes/],
  ["a check of 64 bytes", () => addCheck("t", "x".repeat(64), sql`true`), /63 bytes/],
  ["a column that becomes too long", () => renameColumn("t", "n", "x".repeat(64)), /63 bytes/],
  ["an index without a name", () => createIndex("", { on: "t", by: sql`n` }), /63 bytes/],
])("%s is refused", (_, make, message) => {
  expect(make).toThrow(message);
});

test("in a new column all rows are to be filled, although there are no statistics", async () => {
  const filled = table("things.t", { key: "id", columns: { id: "bigint", added: "integer?" } });
  const report = await runJob(
    defineSqlJob({
      name: "fill",
      expand: [addColumn("things.t", "added", "integer")],
      source: rowsOf(filled, { pending: sql`added is null` }),
      sink: update(filled, { added: sql`1` }),
    }),
    { connectionString: database.url },
  );
  expect(report.rows).toMatchObject({ estimated: 100, written: 100 });
});
