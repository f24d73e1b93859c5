import { type ColumnType, defineJob, type RunReport, rowsOf, runJob, table, update } from "tidefill";
import { beforeAll, expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { columnCases, columnSetup } from "./column-cases.ts";

const database = useDatabase();
const names = columnCases.map((_, index) => `c${index}`);
const rows = Math.max(...columnCases.map(([, , ...values]) => values.length));

beforeAll(async () => {
  await database.query(columnSetup);
  const ddl = columnCases.map(([type], index) => `${names[index]} ${type}`);
  await database.query(`create table everything (id bigint primary key, touched integer not null, ${ddl.join(", ")})`);
  for (let row = 0; row < rows; row += 1) {
    const values = columnCases.map(([, , ...literals]) => literals[row % literals.length]);
    await database.query(`insert into everything values (${row}, 0, ${values.join(", ")})`);
  }
});

const declared = Object.fromEntries(columnCases.map(([, type], index) => [names[index], type]));
const everything = table("everything", {
  key: "id",
  columns: { id: "bigint", touched: "integer", ...declared } as Readonly<Record<string, ColumnType>>,
});

async function run(job: Parameters<typeof runJob>[0]): Promise<RunReport> {
  return runJob(job, { connectionString: database.url, again: true, workers: 2, rejectLimit: 1_000 });
}

/** Each column's values in one hash, but for the one that a test changes. */
async function hashes(): Promise<unknown> {
  const each = names.map((name) => `md5(string_agg(coalesce(${name}::text, 'is null'), '|' order by id)) as ${name}`);
  return (await database.query(`select ${each.join(", ")} from everything`))[0];
}

test("an identity over every type changes nothing and writes nothing", async () => {
  const before = await hashes();
  const identity = defineJob({
    name: "identity",
    source: rowsOf(everything),
    transform: ({ id: _, ...row }) => row,
    sink: update(everything, ["touched", ...names]),
  });
  const report = await run(identity);
  expect(report).toMatchObject({ status: "succeeded", rows: { read: rows, unchanged: rows, written: 0, rejected: 0 } });
  expect(await hashes()).toEqual(before);
});

test("values of every type that are written back are the same, byte for byte", async () => {
  const before = await hashes();
  const rewrite = defineJob({
    name: "rewrite",
    source: rowsOf(everything),
    transform: ({ id: _, ...row }) => ({ ...row, touched: Number(row.touched) + 1 }),
    sink: update(everything, ["touched", ...names]),
  });
  const report = await run(rewrite);
  expect(report).toMatchObject({ status: "succeeded", rows: { read: rows, written: rows, rejected: 0 } });
  expect(await hashes()).toEqual(before);
});

test("a job that writes one column leaves all others as they are", async () => {
  const before = await hashes();
  const touch = defineJob({
    name: "touch",
    source: rowsOf(everything, { read: ["touched"] }),
    transform: (row) => ({ touched: Number(row.touched) + 1 }),
    sink: update(everything, ["touched"]),
  });
  expect(await run(touch)).toMatchObject({ rows: { written: rows } });
  expect(await hashes()).toEqual(before);
});
