import {
  type ColumnType,
  defineJob,
  defineSqlJob,
  insertInto,
  type Job,
  rowsOf,
  runJob,
  sql,
  table,
  update,
  verifyRun,
} from "tidefill";
import { beforeAll, expect, test } from "vitest";
import { raw } from "../../src/postgres/sql.ts";
import { useDatabase } from "../support/database.ts";
import { columnCases, columnSetup } from "./column-cases.ts";

const database = useDatabase();
const rows = Math.max(...columnCases.map(([, , ...values]) => values.length));
const names = columnCases.map((_, index) => `c${index}`);

/** Runs a job and then compares: nobody has touched anything in between, so nothing may be reported. */
async function requireNoAlarm(job: Job): Promise<void> {
  const options = { connectionString: database.url, workers: 2, again: true } as const;
  const run = await runJob(job, options);
  expect(run, String(run.message)).toMatchObject({ status: "succeeded", rows: { rejected: 0 } });
  const report = await verifyRun(job, options);
  expect(report, String(report.message)).toMatchObject({ status: "succeeded", rows: { conflicted: 0 } });
}

beforeAll(async () => {
  await database.query(columnSetup);
  for (const [index, [type, , ...values]] of columnCases.entries()) {
    await database.query(`create table t${index} (id bigint primary key, v ${type});
      create table twin${index} (id bigint primary key, v ${type})`);
    for (let row = 0; row < rows; row += 1)
      await database.query(`insert into t${index} values (${row}, ${values[row % values.length]})`);
  }
});

function jobsOf(index: number, declared: ColumnType): readonly Job[] {
  const columns = { id: "bigint", v: declared } as Readonly<Record<string, ColumnType>>;
  const from = table(`t${index}`, { key: "id", columns });
  const into = table(`twin${index}`, { key: "id", columns });
  const conflict = { onConflict: { target: ["id"], do: "update", columns: ["v"] } } as const;
  const both = { id: sql`id`, v: sql`v` };
  return [
    defineJob({
      name: `update-rows-${index}`,
      source: rowsOf(from),
      transform: ({ v }) => ({ v }) as never,
      sink: update(from, ["v"]),
    }),
    defineSqlJob({ name: `update-by-sql-${index}`, source: rowsOf(from), sink: update(from, { v: raw("v") }) }),
    defineJob({
      name: `insert-rows-${index}`,
      source: rowsOf(from),
      transform: (row) => row as never,
      sink: insertInto(into, ["id", "v"], conflict),
    }),
    defineSqlJob({ name: `insert-by-sql-${index}`, source: rowsOf(from), sink: insertInto(into, both, conflict) }),
  ];
}

const all = columnCases.map(([type, declared], index) => ({ type, index, jobs: () => jobsOf(index, declared) }));

test.each(all.map((each) => [`${each.type} (${names[each.index]})`, each] as const))(
  "values of %s that are as the job makes them raise no false alarm",
  async (_, { jobs }) => {
    const alarms: string[] = [];
    for (const job of jobs()) await requireNoAlarm(job).catch((error: Error) => alarms.push(`${job.name}: ${error.message.slice(0, 120)}`));
    expect(alarms).toEqual([]);
  },
);

const rounded: readonly (readonly [ddl: string, declared: ColumnType, expression: string, answer: unknown])[] = [
  ["numeric(10, 2)", "numeric?", "id / 3.0", "0.333"],
  ["char(5)", "char?", "'ab'", "ab"],
  ["timestamp(0)", "timestamp?", "'2024-01-01 00:00:00.4'::timestamp", "2024-01-01 00:00:00.4"],
  ["time(0)", "time?", "'10:00:00.4'::time", "10:00:00.4"],
  ["percent", "numeric?", "12.345", "12.345"],
];

test.each(rounded)("what a column of type %s rounds or pads raises no false alarm", async (ddl, declared, expression, answer) => {
  await database.query("drop table if exists rounded, rounded_twin");
  await database.query(`create table rounded (id bigint primary key, v ${ddl});
    create table rounded_twin (id bigint primary key, v ${ddl}); insert into rounded select g from generate_series(1, 3) g`);
  const columns = { id: "bigint", v: declared } as Readonly<Record<string, ColumnType>>;
  const from = table("rounded", { key: "id", columns });
  const into = table("rounded_twin", { key: "id", columns });
  const alarms: string[] = [];
  for (const job of [
    defineSqlJob({ name: "update-by-sql", source: rowsOf(from), sink: update(from, { v: raw(expression) }) }),
    defineJob({
      name: "update-rows",
      source: rowsOf(from),
      transform: () => ({ v: answer }) as never,
      sink: update(from, ["v"]),
    }),
    defineSqlJob({ name: "insert-by-sql", source: rowsOf(from), sink: insertInto(into, { id: sql`id`, v: raw(expression) }) }),
  ])
    await requireNoAlarm(job).catch((error: Error) => alarms.push(`${job.name}: ${error.message.slice(0, 120)}`));
  expect(alarms).toEqual([]);
});
