import {
  type ColumnType,
  defineJob,
  defineSqlJob,
  deleteFrom,
  insertInto,
  type Job,
  move,
  rowsOf,
  runJob,
  type Sql,
  sql,
  table,
  update,
} from "tidefill";
import { expect, inject, test } from "vitest";
import { quoteIdentifier, raw } from "../../../src/postgres/sql/sql.ts";
import { isLong } from "../../crash/programs/random.ts";
import { useDatabase } from "../../support/database.ts";
import { emptyStore } from "../../support/empty-store.ts";
import { requireRoundTrips } from "../values/round-trip.ts";
import { columns, type Shape, shapes } from "./undo-shapes.ts";

const database = useDatabase();
const rows = 40;

/** The columns of the shape's tables outside its key. */
function valuesOf({ key }: Shape): readonly string[] {
  return columns.filter((name) => key[name] === undefined);
}

async function create(shape: Shape): Promise<void> {
  const { from, into, key, values, setup, more, suffix = "", after = "" } = shape;
  const keys = Object.keys(key).map(quoteIdentifier);
  const ddl = [
    ...Object.entries(key).map(([name, [type]]) => `${quoteIdentifier(name)} ${type}`),
    ...valuesOf(shape).map((name) => `${quoteIdentifier(name)} text`),
    ...(more === undefined ? [] : [more]),
    `primary key (${keys.join(", ")})`,
  ].join(", ");
  await database.query(`drop schema public cascade; create schema public;
    drop schema if exists "My.Schema" cascade; ${emptyStore}; ${setup ?? ""}`);
  await database.query(
    `create table ${from} (${ddl}) ${suffix}; create table ${into} (${ddl}) ${suffix}; ${after}`,
  );
  const list = [...keys, ...valuesOf(shape).map(quoteIdentifier)].join(", ");
  const texts = valuesOf(shape).map(
    (_, index) => `case when g % 5 = ${index % 5} then null else 'v' || g end`,
  );
  const filled =
    values === "default"
      ? [list.slice(keys[0]!.length + 2), texts.join(", ")]
      : [list, `${values}, ${texts.join(", ")}`];
  await database.query(
    `insert into ${from} (${filled[0]}) select ${filled[1]} from generate_series(1, ${rows}) g`,
  );
}

function jobsOf(shape: Shape): readonly Job[] {
  const key = Object.keys(shape.key);
  const names = valuesOf(shape);
  const types = {
    ...Object.fromEntries(Object.entries(shape.key).map(([name, [, declared]]) => [name, declared])),
    ...Object.fromEntries(names.map((name) => [name, "text?"])),
  } as Readonly<Record<string, ColumnType>>;
  const from = table(shape.from, { key, columns: types });
  const into = table(shape.into, { key, columns: types });
  const source = rowsOf(from);
  const isGenerated = shape.values === "default";
  const all = isGenerated ? names : [...key, ...names];
  const same = Object.fromEntries(all.map((name) => [name, raw(quoteIdentifier(name))])) as Record<
    string,
    Sql
  >;
  const changed = Object.fromEntries(
    names.map((name) => [name, sql`'new' || coalesce(${raw(quoteIdentifier(name))}, '?')`]),
  );
  const pick = (row: Readonly<Record<string, unknown>>): never =>
    Object.fromEntries(all.map((name) => [name, row[name]])) as never;
  const conflict = { target: key, do: "update", columns: names } as const;
  const upsert = isGenerated ? {} : { onConflict: conflict };
  return [
    defineJob({
      name: "update-rows",
      source,
      transform: (row) => Object.fromEntries(names.map((name) => [name, `${row[name]}!`])) as never,
      sink: update(from, names),
    }),
    defineSqlJob({ name: "update-by-sql", source, sink: update(from, changed) }),
    defineJob({ name: "delete-rows", source, transform: (row) => row, sink: deleteFrom(from) }),
    defineSqlJob({ name: "delete-by-sql", source, sink: deleteFrom(from) }),
    defineJob({ name: "insert-rows", source, transform: pick, sink: insertInto(into, all) }),
    defineSqlJob({ name: "upsert-by-sql", source, sink: insertInto(into, same, upsert) }),
    defineJob({ name: "upsert-rows", source, transform: pick, sink: insertInto(into, all, upsert) }),
    defineSqlJob({ name: "insert-by-sql", source, sink: insertInto(into, same) }),
    defineJob({ name: "move-rows", source, transform: pick, sink: move(from, insertInto(into, all)) }),
    defineSqlJob({ name: "move-by-sql", source, sink: move(from, insertInto(into, same)) }),
  ];
}

async function requireAll(shape: Shape, jobs: readonly Job[]): Promise<void> {
  await create(shape);
  const failures: string[] = [];
  for (const job of jobs) {
    await requireRoundTrips(database, job, [shape.from, shape.into], rows).catch((error: Error) => {
      failures.push(`${job.name}: ${error.message.slice(0, 300)}`);
    });
  }
  expect(failures).toEqual([]);
}

/** One job for each shape, a different one each time; all jobs in the long variant. */
function chosen(shape: Shape, index: number): readonly Job[] {
  const jobs = jobsOf(shape).filter(({ name }) => !(shape.suffix !== undefined && name.startsWith("upsert")));
  return isLong ? jobs : [jobs[index % jobs.length]!];
}

test.each(shapes.map((shape, index) => [shape.name, shape, index] as const))(
  "%s: what a job did is undone, twice",
  async (_, shape, index) => {
    await requireAll(shape, chosen(shape, index));
  },
);

test.each([0, 4, 5])("a table called image: what job %i did is undone", async (index) => {
  const image: Shape = { ...shapes[0]!, name: "image", from: "image", into: "image_twin" };
  const [from, into] = index < 4 ? [image.from, image.into] : [image.into, image.from];
  const shape = { ...image, from, into };
  await requireAll(shape, [jobsOf(shape)[index]!]);
});

test.each([5, 6])("an upsert into a partitioned table is done and undone (job %i)", async (index) => {
  const shape = shapes.find(({ suffix }) => suffix !== undefined)!;
  if (inject("postgresVersion") < 18) return requireRefusal(shape, jobsOf(shape)[index]!);
  await requireAll(shape, [jobsOf(shape)[index]!]);
});

/** Where the server cannot tell which rows were new, nothing is begun. */
async function requireRefusal(shape: Shape, job: Job): Promise<void> {
  await create(shape);
  await expect(runJob(job, { connectionString: database.url })).rejects.toMatchObject({
    check: "upsert-tells-what-is-new",
  });
}
