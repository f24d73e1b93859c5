import { type ColumnType, defineJob, defineSqlJob, rowsOf, sql, type Table, table, update } from "tidefill";
import { beforeAll, expect, test } from "vitest";
import { openJob } from "../../../src/plan/open-job.ts";
import { useDatabase } from "../../support/database.ts";
import {
  runInSmallBatches,
  runInSmallRanges,
  tagsByBatches,
  tagsByBoundaries,
  withEngine,
} from "./small-batches.ts";

const database = useDatabase();

beforeAll(async () => {
  await database.query(`
    create collation blind (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
    create type mood as enum ('zest', 'awe', 'joy')`);
});

/**
 * A table's shape: `create` includes every column but n and tag; `fill` inserts its rows over `g`, 1 to
 * `rows`.
 */
interface Shape {
  readonly name: string;
  readonly table: string;
  readonly key: readonly string[];
  readonly columns: Readonly<
    Record<string, "bigint" | "integer" | "text" | "timestamptz" | "date" | "numeric" | "uuid">
  >;
  readonly create: string;
  readonly fill: string;
}

const long = "ä".repeat(31);
const shapes: readonly Shape[] = [
  {
    name: "two numbers",
    table: "pairs",
    key: ["tenant", "id"],
    columns: { tenant: "integer", id: "bigint" },
    create:
      "create table pairs (tenant integer, id bigint, tag serial, n integer not null default 0, primary key (tenant, id))",
    fill: "insert into pairs select g % 3 - 1, (g - 150) * 9007199254740993 / 100 from generate_series(1, $1) g",
  },
  {
    name: "a text under ICU and a timestamp with microseconds",
    table: "events",
    key: ["kind", "at"],
    columns: { kind: "text", at: "timestamptz" },
    create: `create table events (at timestamptz, n integer not null default 0, kind text collate "und-x-icu", tag serial, primary key (kind, at))`,
    fill: `insert into events (kind, at) select (array['a', 'A', 'ä', '', 'co-op', 'coop'])[g % 6 + 1],
      case when g <= 6 then 'infinity' else timestamptz '2024-01-01' + g * interval '1 microsecond' end from generate_series(1, $1) g`,
  },
  {
    name: "a case-blind text, an enum and a numeric, descending",
    table: "thirds",
    key: ["label", "mood", "amount"],
    columns: { label: "text", mood: "text", amount: "numeric" },
    create: `create table thirds (label text collate blind not null, mood mood not null, amount numeric not null, tag serial,
      n integer not null default 0);
      create unique index on thirds (label desc, mood desc, amount desc)`,
    fill: `insert into thirds (label, mood, amount) select (array['a', 'B', 'b,c', 'NULL', ''])[g % 5 + 1],
      (enum_range(null::mood))[g % 3 + 1], case g when 1 then 'NaN' else (g - 100)::numeric / 3 end from generate_series(1, $1) g`,
  },
  {
    name: "the first columns of an index that includes others",
    table: "covered",
    key: ["id"],
    columns: { id: "uuid" },
    create: `create table covered (id uuid not null, tag serial, n integer not null default 0); create unique index on covered (id) include (tag)`,
    fill: "insert into covered (id) select md5(g::text)::uuid from generate_series(1, $1) g",
  },
  {
    name: "names that need quotes",
    table: '"Üb er"."a""b"',
    key: ["order", 'se"lect'],
    columns: { order: "text", 'se"lect': "bigint" },
    create: `create schema if not exists "Üb er"; create table "Üb er"."a""b" ("order" text collate "C", "se""lect" bigint, tag serial,
      n integer not null default 0, primary key ("order", "se""lect"))`,
    fill: `insert into "Üb er"."a""b" select md5(g::text), g from generate_series(1, $1) g`,
  },
  {
    name: "names of 63 bytes",
    table: `"${long}x"`,
    key: [`${long}k`],
    columns: { [`${long}k`]: "bigint" },
    create: `create table "${long}x" ("${long}k" bigint primary key, tag serial, n integer not null default 0)`,
    fill: `insert into "${long}x" select -g from generate_series(1, $1) g`,
  },
  {
    name: "a table called select",
    table: "select",
    key: ["from"],
    columns: { from: "date" },
    create: `create table "select" ("from" date primary key, tag serial, n integer not null default 0)`,
    fill: `insert into "select" select case g when 1 then 'infinity' when 2 then '0044-03-15 BC' else date '2000-01-01' + g end from generate_series(1, $1) g`,
  },
  {
    name: "partitions by range in two levels",
    table: "sales",
    key: ["day", "id"],
    columns: { day: "date", id: "bigint" },
    create: `create table sales (id bigint, day date, tag serial, n integer not null default 0, primary key (day, id)) partition by range (day);
      create table sales_old partition of sales for values from (minvalue) to ('2024-01-20');
      create table sales_new partition of sales for values from ('2024-01-20') to (maxvalue) partition by range (id);
      create table sales_new_low partition of sales_new for values from (minvalue) to (100);
      create table sales_new_high partition of sales_new for values from (100) to (maxvalue)`,
    fill: "insert into sales (id, day) select g, date '2024-01-01' + g % 40 from generate_series(1, $1) g",
  },
  {
    name: "partitions by list with a default",
    table: "regions",
    key: ["id", "region"],
    columns: { id: "bigint", region: "text" },
    create: `create table regions (region text, id bigint, tag serial, n integer not null default 0, primary key (id, region)) partition by list (region);
      create table regions_eu partition of regions for values in ('eu', 'uk');
      create table regions_rest partition of regions default`,
    fill: "insert into regions (region, id) select (array['eu', 'uk', 'us', ''])[g % 4 + 1], g / 2 from generate_series(1, $1) g",
  },
  {
    name: "partitions by hash",
    table: "hashed",
    key: ["id"],
    columns: { id: "bigint" },
    create: `create table hashed (id bigint primary key, tag serial, n integer not null default 0) partition by hash (id);
      create table hashed_0 partition of hashed for values with (modulus 3, remainder 0);
      create table hashed_1 partition of hashed for values with (modulus 3, remainder 1);
      create table hashed_2 partition of hashed for values with (modulus 3, remainder 2)`,
    fill: "insert into hashed select g * 13 from generate_series(1, $1) g",
  },
];

type Columns = Readonly<Record<string, ColumnType>>;

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

function jobsOver(described: Table<{ readonly n: "integer" }, string>) {
  return {
    rowJob: defineJob({
      name: "count-rows",
      source: rowsOf(described),
      transform: (row) => ({ n: row.n + 1 }),
      sink: update(described, ["n"]),
    }),
    sqlJob: defineSqlJob({
      name: "count",
      source: rowsOf(described),
      sink: update(described, { n: sql`n + 1` }),
    }),
  };
}

const tiny = shapes.filter(({ table: name }) => ["pairs", "thirds", "hashed"].includes(name));
const cases = [
  ...shapes.map((shape) => ({ ...shape, rows: 300 })),
  ...tiny.flatMap((shape) => [0, 1].map((rows) => ({ ...shape, rows }))),
];

test.each(cases)(
  "$rows rows with $name are walked in order, and each is written once",
  async ({ table: name, key, columns, create, fill, rows }) => {
    const sqlName = name === "select" ? quoted(name) : name;
    await database.query(`drop table if exists ${sqlName}; ${create}`);
    await database.query(fill, [rows]);
    const described = table(name, { key, columns: { ...columns, tag: "integer", n: "integer" } as Columns });
    const { rowJob, sqlJob } = jobsOver(described as never);
    const order = key.map(quoted).join(", ");
    const inOrder = await database.query(`
      with everything as materialized (select * from ${sqlName})
      select tag::text from everything order by ${order}`);
    expect(inOrder).toHaveLength(rows);

    await withEngine(database.url, async ({ db }) => {
      const opened = await openJob(db, rowJob, {});
      for (const step of [2, 7]) {
        expect(await tagsByBatches(db, opened, step)).toEqual(inOrder.map((row) => row.tag));
        expect(await tagsByBoundaries(db, opened, step)).toEqual(inOrder.map((row) => row.tag));
      }
    });
    await runInSmallBatches(database, rowJob, [7, 1, 50, 3]);
    for (const job of [rowJob, sqlJob]) {
      const report = await runInSmallRanges(
        database,
        job,
        { name: sqlName, key: key.map(quoted) },
        { rows: 40, workers: 4 },
      );
      expect(report).toMatchObject({ status: "succeeded", rows: { read: rows, written: rows } });
    }
    const [counted] = await database.query(`select min(n), max(n), count(*)::integer from ${sqlName}`);
    expect(counted).toEqual(
      rows === 0 ? { min: null, max: null, count: 0 } : { min: 3, max: 3, count: rows },
    );
  },
);
