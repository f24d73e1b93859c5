import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { UsageError } from "tidefill";
import { type TestDatabase, withDatabase } from "tidefill/testing";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createTestDatabase, useDatabase } from "../support/database.ts";
import { useTestServer } from "./server.ts";

useTestServer();
const server = useDatabase();
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidefill-testing-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const schema = "create table item (id bigint primary key, name text); insert into item values (1, 'one')";

async function exists(name: string): Promise<boolean> {
  return (await server.query("select from pg_database where datname = $1", [name])).length > 0;
}

test("each call gets the schema in a new database, which is dropped afterwards", async () => {
  const names: string[] = [];
  for (let time = 0; time < 2; time += 1) {
    await withDatabase(
      async (database) => {
        names.push(database.name);
        expect(await exists(database.name)).toBe(true);
        expect(await database.query("select * from item")).toEqual([{ id: 1n, name: "one" }]);
        await database.query("delete from item");
      },
      { schema },
    );
  }
  expect(new Set(names).size).toBe(2);
  expect(await Promise.all(names.map(exists))).toEqual([false, false]);
});

test("a database is dropped even when its test fails or leaves a connection open, and the test's error is the one shown", async () => {
  let name = "";
  const failing = withDatabase(async (database) => {
    name = database.name;
    void database.query("select pg_sleep(600)").catch(() => {});
    await database.query("select 1");
    throw new Error("of the test");
  });
  await expect(failing).rejects.toThrow("of the test");
  expect(await exists(name)).toBe(false);
});

test("withDatabase returns what the test returns, and several at once do not disturb each other", async () => {
  const answers = await Promise.all(
    [1, 2, 3, 4].map((number) =>
      withDatabase(
        async (database) => {
          await database.query("insert into item select 100, $1", [String(number)]);
          const [row] = await database.query<{ name: string }>("select name from item where id = 100");
          return row?.name;
        },
        { schema: `${schema}; create index at_once on item (name)` },
      ),
    ),
  );
  expect(answers).toEqual(["1", "2", "3", "4"]);
});

test("a schema is created once, also by several processes, and copied for each test", async () => {
  const marked = "create table moment as select clock_timestamp()::text as at";
  const read = () => withDatabase((database) => database.query("select at from moment"), { schema: marked });
  const first = await read();
  expect(await read()).toEqual(first);
  vi.resetModules();
  const other = await import("tidefill/testing");
  const again = other.withDatabase((database) => database.query("select at from moment"), { schema: marked });
  expect(await again).toEqual(first);
});

test("a schema can come from files, dumps of pg_dump included", async () => {
  await writeFile(
    join(folder, "one.sql"),
    "\\restrict abc\ncreate table one (n integer);\n\\unrestrict abc\n",
  );
  await writeFile(join(folder, "two.sql"), "insert into one values (2)");
  const two = pathToFileURL(join(folder, "two.sql"));
  await withDatabase(
    async (database) => {
      expect(await database.query("select n from one order by n")).toEqual([{ n: 2 }, { n: 3 }]);
    },
    { schema: [join(folder, "one.sql"), two, "insert into one values (3)"] },
  );
});

test("a schema that PostgreSQL refuses is reported with its line, each time", async () => {
  const wrong = { schema: "create table one (n integer);\n\ninsert into two values (1)" };
  for (let time = 0; time < 2; time += 1)
    await expect(withDatabase(async () => {}, wrong)).rejects.toThrow(
      'PostgreSQL does not accept the schema: relation "two" does not exist (line 3).',
    );
  const absent = withDatabase(async () => {}, { schema: "not/there.sql" });
  await expect(absent).rejects.toThrow("The schema not/there.sql cannot be read");
});

test("a user's own database can be copied instead", async () => {
  const own = await createTestDatabase();
  await own.query("create table mine as select 7 as n");
  const copied = (test: (database: TestDatabase) => Promise<unknown>) =>
    withDatabase(test, { template: own.name });
  await expect(copied(async () => {})).rejects.toThrow("while other sessions are connected to it");
  await own.pool.end();
  await copied(async (database) => expect(await database.query("select n from mine")).toEqual([{ n: 7 }]));
  await own.drop();
  await expect(withDatabase(async () => {}, { template: "not_there" })).rejects.toThrow(
    "There is no database not_there to copy.",
  );
  await expect(withDatabase(async () => {}, { template: own.name, schema })).rejects.toThrow(UsageError);
});

test("values look as a transform sees them, and several statements return the rows of the last", async () => {
  await withDatabase(async (database) => {
    const [row] = await database.query(`
      select 1::bigint as big, 2 as int, 1.50 as numeric, 0.5::float8 as float, true as yes, null as nothing,
        timestamptz '2025-06-30 16:00:00.123456+00' as at, date '2025-06-30' as day, '{"a": [1]}'::jsonb as json,
        array[1, null]::bigint[] as bigs, array['a', 'b'] as texts, '\\xff'::bytea as bytes, inet '10.0.0.1' as other`);
    expect(row).toEqual({
      big: 1n,
      int: 2,
      numeric: "1.50",
      float: 0.5,
      yes: true,
      nothing: null,
      at: "2025-06-30 16:00:00.123456+00",
      day: "2025-06-30",
      json: { a: [1] },
      bigs: [1n, null],
      texts: ["a", "b"],
      bytes: Buffer.from([255]),
      other: "10.0.0.1",
    });
    expect(
      await database.query("create table t (n integer); insert into t values (1); select * from t"),
    ).toEqual([{ n: 1 }]);
    expect(await database.query("select $1::integer + 1 as n", [1])).toEqual([{ n: 2 }]);
  });
});
