import {
  addColumn,
  defineJob,
  defineSqlJob,
  type RefusedError,
  rowsOf,
  runJob,
  sql,
  table,
  update,
  verifyRun,
} from "tidefill";
import { beforeEach, expect, test } from "vitest";
import { useDatabase } from "../../support/database.ts";
import { limited as limitedRole, thingsOf } from "../plan/refusals.ts";

const database = useDatabase();
const things = table("things.t", { key: "id", columns: { id: "bigint", n: "integer?" } });
const job = defineSqlJob({
  name: "count",
  source: rowsOf(things, { read: ["n"], pending: sql`n is null` }),
  sink: update(things, { n: sql`id::integer` }),
});
const role = "limited_by_column";
const limited = (grants: string, work: (url: string) => Promise<void>): Promise<void> =>
  limitedRole(database, grants, work, role);
const ofColumns = `grant usage on schema things to ${role};
  grant select (id, n), update (n) on all tables in schema things to ${role}`;

beforeEach(async () => {
  await database.query("drop schema if exists tidefill cascade");
});

/** Types the first remedy of a refusal. */
async function refusalAndItsRemedy(work: Promise<unknown>): Promise<RefusedError> {
  const error = (await work.then(
    () => new Error("It was not refused."),
    (failure: unknown) => failure,
  )) as RefusedError;
  expect(error).toMatchObject({ code: "refused", remedy: expect.stringMatching(/^grant .*;/) });
  await database.query(error.remedy?.split(/ {3}/)[0] ?? "");
  return error;
}

const tables = {
  "a table": "create table t (id bigint primary key, n integer)",
  partitions: `create table t (id bigint primary key, n integer) partition by range (id);
    create table low partition of t for values from (minvalue) to (500);
    create table high partition of t for values from (500) to (maxvalue)`,
};

test.each(Object.entries(tables))(
  "a transform updates %s with privileges for single columns, under locks",
  async (_, create) => {
    await thingsOf(database, create);
    await database.query("insert into things.t select g from generate_series(1, 1000) g");
    const byTransform = defineJob({
      name: "count-by-transform",
      source: rowsOf(things, { read: ["n"], pending: sql`n is null` }),
      transform: ({ id }) => ({ n: Number(id) }),
      sink: update(things, ["n"]),
    });
    await limited(
      `grant create on database ${database.name} to ${role}; ${ofColumns}`,
      async (connectionString) => {
        expect(await runJob(byTransform, { connectionString })).toMatchObject({ rows: { written: 1_000 } });
        expect(await database.query("select count(*)::integer as right from things.t where n = id")).toEqual([
          { right: 1_000 },
        ]);
      },
    );
  },
);

test.each(Object.entries(tables))(
  "a verify of %s is refused before it begins where column privileges leave out the row address",
  async (_, create) => {
    await thingsOf(database, create);
    await database.query("insert into things.t select g from generate_series(1, 1000) g");
    await limited(
      `grant create on database ${database.name} to ${role}; ${ofColumns}`,
      async (connectionString) => {
        const { run } = await runJob(job, { connectionString });
        const verify = () => verifyRun(job, { connectionString, run: BigInt(run) });
        const { check } = await refusalAndItsRemedy(verify());
        expect(check).toBe("rows-can-be-verified");
        expect(await database.query("select from tidefill.run where kind = 'verify'")).toEqual([]);
        expect(await verify()).toMatchObject({ status: "succeeded", rows: { read: 1_000, conflicted: 0 } });
      },
    );
  },
);

test("a job whose contract steps need a verify is refused at its start without the right to verify", async () => {
  await thingsOf(database, tables["a table"]);
  const contracted = defineSqlJob({
    name: "count-and-contract",
    source: rowsOf(things, { read: ["n"] }),
    sink: update(things, { n: sql`id::integer` }),
    contract: [addColumn("things.t", "more", "integer")],
  });
  await limited(
    `grant create on database ${database.name} to ${role}; ${ofColumns}`,
    async (connectionString) => {
      const { check } = await refusalAndItsRemedy(runJob(contracted, { connectionString }));
      expect(check).toBe("rows-can-be-verified");
      expect(await database.query("select from tidefill.run")).toEqual([]);
    },
  );
});

test("each missing right on tidefill's own tables is refused before a run begins, with the grant to type", async () => {
  await thingsOf(database, tables["a table"]);
  await database.query("insert into things.t select g from generate_series(1, 10) g");
  await runJob(job, { connectionString: database.url });
  const rights = await database.query(`
    select 'usage' as privilege, 'schema tidefill' as own
    union all
    select 'create', 'schema tidefill'
    union all
    select privilege, 'tidefill.' || name
    from (values ('run', 'select, insert, update'), ('range', 'select, insert, update'),
      ('reject', 'select, insert, delete'), ('retry', 'select, insert, delete'), ('step', 'select, insert, update, delete'),
      ('worker', 'select, insert, update, delete'), ('claim', 'select, insert, update, delete'), ('dry_answer', 'select, insert, update, delete'),
      ('notice', 'select, insert, update, delete'), ('run_sample', 'select, insert'),
      ('backup', 'select, insert'), ('audit', 'select, insert'), ('erased', 'select'), ('version', 'select'),
      ('audit_head', 'select, update')) as own(name, privileges)
    cross join lateral regexp_split_to_table(privileges, ', ') as privilege`);
  const granted = rights.map(({ privilege, own }) => `grant ${privilege} on ${own} to ${role}`).join("; ");
  await limited(`${ofColumns}; ${granted}`, async (connectionString) => {
    const run = () => runJob(job, { connectionString, again: true });
    expect(await run()).toMatchObject({ status: "succeeded" });
    const runs = await database.query("select id from tidefill.run");
    for (const { privilege, own } of rights) {
      await database.query(`revoke ${privilege} on ${own} from ${role}`);
      const { check, message } = await refusalAndItsRemedy(run());
      expect(check, `${privilege} on ${own}`).toBe("own-tables-can-be-written");
      expect(message).toContain(role);
    }
    expect(await database.query("select id from tidefill.run")).toEqual(runs);
    expect(await run()).toMatchObject({ status: "succeeded" });
    // Without an undo log no table is created there.
    await database.query(`revoke create on schema tidefill from ${role}`);
    const { backup: _, ...plain } = job;
    const unlogged = { ...plain, undoable: false, backup: { maxAgeMs: 0, check: async () => true } };
    expect(await runJob(unlogged as typeof job, { connectionString, again: true })).toMatchObject({
      status: "succeeded",
    });
  });
});

test("plan also reports a role that may not create tidefill's schema", async () => {
  await thingsOf(database, tables["a table"]);
  await limited(ofColumns, async (connectionString) => {
    const { check } = await refusalAndItsRemedy(runJob(job, { connectionString }));
    expect(check).toBe("own-tables-can-be-written");
    expect(await runJob(job, { connectionString })).toMatchObject({ status: "succeeded" });
  });
});
