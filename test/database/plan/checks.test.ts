import { type ColumnType, RefusedError, runJob } from "tidefill";
import { afterEach, expect, test } from "vitest";
import { useDatabase } from "../../support/database.ts";
import { jobOver, limited, refusalOf, thingsOf } from "./refusals.ts";

const database = useDatabase();

afterEach(async () => {
  expect(
    await database.query("select to_regclass('tidefill.run') as run"),
    "a refused run leaves nothing",
  ).toEqual([{ run: null }]);
});

interface Refused {
  readonly what: string;
  /** SQL that creates the table t (id, n), or another object of that name */
  readonly create: string;
  readonly columns?: Readonly<Record<string, ColumnType>>;
  readonly check: string;
  readonly message: RegExp;
  readonly remedy: RegExp;
}

const relation = {
  check: "relation-is-a-table",
  remedy: /Name the table that holds the rows|one job for each of the tables/,
};

const refused: readonly Refused[] = [
  {
    ...relation,
    what: "a view",
    create: "create view t as select 1::bigint as id, 1 as n",
    message: /things\.t is a view/,
  },
  {
    ...relation,
    what: "a materialized view",
    create: "create materialized view t as select 1::bigint as id, 1 as n; create unique index on t (id)",
    message: /things\.t is a materialized view/,
  },
  {
    ...relation,
    what: "a foreign table",
    create: `create extension file_fdw; create server files foreign data wrapper file_fdw;
      create foreign table t (id bigint, n integer) server files options (filename '/dev/null')`,
    message: /things\.t is a foreign table/,
  },
  {
    ...relation,
    what: "a table that other tables inherit from",
    create: "create table t (id bigint primary key, n integer); create table child () inherits (t)",
    message: /inherit from it \((things\.)?child\)/,
  },
  {
    what: "a table that is not there",
    create: "create table other (id bigint primary key, n integer)",
    check: "relation-is-a-table",
    message: /no table things\.t in this database/,
    remedy: /schema\.table/,
  },
  {
    what: "a column that is not there",
    create: "create table t (id bigint primary key, m integer)",
    check: "columns-are-as-described",
    message: /things\.t has no column n/,
    remedy: /the table has id, m/,
  },
  {
    what: "a column of another type",
    create: "create table t (id bigint primary key, n bigint)",
    check: "columns-are-as-described",
    message: /things\.t\.n is bigint in the database and "integer\?" in the description/,
    remedy: /n: "bigint\?"/,
  },
  {
    what: "a nullable column described as not null",
    create: "create table t (id bigint primary key, n integer)",
    columns: { id: "bigint", n: "integer" },
    check: "columns-are-as-described",
    message: /things\.t\.n may be null/,
    remedy: /n: "integer\?"/,
  },
  {
    what: "a generated column",
    create: "create table t (id bigint primary key, n integer generated always as (7) stored)",
    check: "columns-can-be-written",
    message: /things\.t\.n is a generated column/,
    remedy: /Remove it from the sink/,
  },
  {
    what: "an identity column that is always generated",
    create: "create table t (id bigint primary key, n integer generated always as identity)",
    check: "columns-can-be-written",
    message: /things\.t\.n is an identity column that is always generated/,
    remedy: /Remove it from the sink/,
  },
  {
    what: "a published table whose rows have no identity",
    create:
      "create table t (id bigint not null, n integer); create unique index on t (id); create publication news for table t",
    check: "published-rows-have-an-identity",
    message: /things\.t is published by news and has no replica identity/,
    remedy: /alter table things\.t replica identity using index/,
  },
];

test.each(refused)(
  "$what is refused",
  { tags: ["promise"] },
  async ({ create, columns, check, message, remedy }) => {
    await thingsOf(database, create);
    expect(await refusalOf(database.url, jobOver(columns))).toEqual({
      check,
      message: expect.stringMatching(message),
      remedy: expect.stringMatching(remedy),
    });
  },
);

test("a role from which row security hides rows is refused", async () => {
  await thingsOf(
    database,
    "create table t (id bigint primary key, n integer); alter table t enable row level security",
  );
  await limited(
    database,
    "grant usage on schema things to limited; grant select, update on things.t to limited",
    async (url) => {
      expect(await refusalOf(url, jobOver())).toEqual({
        check: "row-security-hides-nothing",
        message: expect.stringMatching(/hides rows of things\.t from the role limited/),
        remedy: expect.stringMatching(/owner.*bypassrls/),
      });
    },
  );
});

test("a missing grant is refused with the statement that grants it", async () => {
  await thingsOf(database, "create table t (id bigint primary key, n integer)");
  await limited(
    database,
    "grant usage on schema things to limited; grant select (id) on things.t to limited",
    async (url) => {
      expect(await refusalOf(url, jobOver())).toEqual({
        check: "columns-can-be-written",
        message: expect.stringMatching(
          /limited may not select things\.t\.n.*limited may not update things\.t\.n/s,
        ),
        remedy: expect.stringContaining("grant select (n) on things.t to limited;"),
      });
    },
  );
});

test("the suggested grant can be typed unchanged", async () => {
  await thingsOf(database, 'create table t (id bigint primary key, "Order" integer)');
  await limited(
    database,
    "grant usage on schema things to limited; grant select on things.t to limited",
    async (url) => {
      const { remedy } = await refusalOf(url, jobOver({ id: "bigint", Order: "integer?" }, "Order"));
      await database.query(remedy);
    },
  );
});

test("a schema that the role may not use is refused with the statement that grants its use", async () => {
  await thingsOf(database, "create table t (id bigint primary key, n integer)");
  await limited(database, "", async (url) => {
    const refusal = await refusalOf(url, jobOver());
    expect(refusal.remedy).toContain("grant usage on schema things to limited;");
  });
});

test("a database where the role may not create tidefill's schema is refused with a remedy", async () => {
  await thingsOf(database, "create table t (id bigint primary key, n integer)");
  await limited(
    database,
    "grant usage on schema things to limited; grant select, update on things.t to limited",
    async (url) => {
      await expect(runJob(jobOver(), { connectionString: url })).rejects.toHaveProperty(
        "remedy",
        expect.stringMatching(/grant create on database/),
      );
    },
  );
});

test("several reasons of one check are reported together", async () => {
  await thingsOf(database, "create table t (id integer primary key, n bigint)");
  const { message } = await refusalOf(database.url, jobOver());
  expect(message).toMatch(/t\.id is integer.*t\.n is bigint/s);
});

test("a valid job still runs after all of these", { tags: ["promise"] }, async () => {
  await thingsOf(database, "create table t (id bigint primary key, n integer)");
  const job = jobOver();
  expect(await runJob(job, { connectionString: database.url })).toMatchObject({ status: "succeeded" });
  await expect(runJob(job, { connectionString: database.url })).rejects.toThrow(RefusedError);
  await database.query("drop schema tidefill cascade");
});
