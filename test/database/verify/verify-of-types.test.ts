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
import { raw } from "../../../src/postgres/sql/sql.ts";
import { useDatabase } from "../../support/database.ts";
import { columnCases, columnSetup } from "../values/column-cases.ts";

const database = useDatabase();
const rows = Math.max(...columnCases.map(([, , ...values]) => values.length));
const names = columnCases.map((_, index) => `c${index}`);

/** Runs a job and then verifies it: nothing was changed in between, so no difference may be reported. */
async function requireNoAlarm(job: Job): Promise<void> {
  const options = { connectionString: database.url, workers: 2, again: true } as const;
  const run = await runJob(job, options);
  expect(run, String(run.message)).toMatchObject({ status: "succeeded", rows: { rejected: 0 } });
  const report = await verifyRun(job, options);
  expect(report, String(report.message)).toMatchObject({ status: "succeeded", rows: { conflicted: 0 } });
}

beforeAll(async () => {
  await database.query(columnSetup);
  const ddl = columnCases.map(([type], index) => `c${index} ${type}`).join(", ");
  await database.query(`create table everything (id bigint primary key, ${ddl});
    create table twin (id bigint primary key, ${ddl})`);
  for (let row = 0; row < rows; row += 1) {
    const values = columnCases.map(([, , ...literals]) => literals[row % literals.length]);
    await database.query(`insert into everything values (${row}, ${values.join(", ")})`);
  }
});

const isDomain = (index: number): boolean => ["percent", "label"].includes(columnCases[index]?.[0] ?? "");
const domains = names.filter((_, index) => isDomain(index));
const plain = names.filter((_, index) => !isDomain(index));
const columns = {
  id: "bigint",
  ...Object.fromEntries(columnCases.map(([, declared], index) => [names[index], declared])),
} as Readonly<Record<string, ColumnType>>;
const everything = table("everything", { key: "id", columns });
const twin = table("twin", { key: "id", columns });

/** Jobs that write back, or copy, these columns unchanged. */
function jobsOf(written: readonly string[]): readonly Job[] {
  const source = rowsOf(everything, { read: ["id", ...written] });
  const same = Object.fromEntries(written.map((name) => [name, raw(name)]));
  const pick = (row: object, list: readonly string[]): never =>
    Object.fromEntries(list.map((name) => [name, (row as Record<string, unknown>)[name]])) as never;
  const all = ["id", ...written];
  const conflict = { onConflict: { target: ["id"], do: "update", columns: written } } as const;
  return [
    defineJob({
      name: "update-rows",
      source,
      transform: (row) => pick(row, written),
      sink: update(everything, written),
    }),
    defineSqlJob({ name: "update-by-sql", source, sink: update(everything, same) }),
    defineJob({
      name: "insert-rows",
      source,
      transform: (row) => pick(row, all),
      sink: insertInto(twin, all, conflict),
    }),
    defineSqlJob({
      name: "insert-by-sql",
      source,
      sink: insertInto(twin, { id: sql`id`, ...same }, conflict),
    }),
  ];
}

test.each(jobsOf(plain).map((job) => [job.name, job] as const))(
  "values of every type that %s left correct raise no false alarm",
  async (_, job) => {
    await requireNoAlarm(job);
  },
);

test.each(
  jobsOf(domains)
    .slice(2)
    .map((job) => [job.name, job] as const),
)("values of domains that %s left correct raise no false alarm", async (_, job) => {
  await requireNoAlarm(job);
});

const rounded: readonly (readonly [
  ddl: string,
  declared: ColumnType,
  expression: string,
  answer: unknown,
])[] = [
  ["numeric(10, 2)", "numeric?", "id / 3.0", "0.333"],
  ["char(5)", "char?", "'ab'", "ab"],
  ["timestamp(0)", "timestamp?", "'2024-01-01 00:00:00.4'::timestamp", "2024-01-01 00:00:00.4"],
  ["time(0)", "time?", "'10:00:00.4'::time", "10:00:00.4"],
  ["percent", "numeric?", "12.345", "12.345"],
];

test.each(rounded)(
  "values that a column of type %s rounds or pads raise no false alarm",
  async (ddl, declared, expression, answer) => {
    await database.query("drop table if exists rounded, rounded_twin");
    await database.query(`create table rounded (id bigint primary key, v ${ddl});
    create table rounded_twin (id bigint primary key, v ${ddl}); insert into rounded select g from generate_series(1, 3) g`);
    const columns = { id: "bigint", v: declared } as Readonly<Record<string, ColumnType>>;
    const from = table("rounded", { key: "id", columns });
    const into = table("rounded_twin", { key: "id", columns });
    const alarms: string[] = [];
    for (const job of [
      defineSqlJob({
        name: "update-by-sql",
        source: rowsOf(from),
        sink: update(from, { v: raw(expression) }),
      }),
      defineJob({
        name: "update-rows",
        source: rowsOf(from),
        transform: () => ({ v: answer }) as never,
        sink: update(from, ["v"]),
      }),
      defineSqlJob({
        name: "insert-by-sql",
        source: rowsOf(from),
        sink: insertInto(into, { id: sql`id`, v: raw(expression) }),
      }),
    ])
      await requireNoAlarm(job).catch((error: Error) =>
        alarms.push(`${job.name}: ${error.message.slice(0, 120)}`),
      );
    expect(alarms).toEqual([]);
  },
);

test("a JSON null that a transform sees as null raises no false alarm", async () => {
  await database.query(`create table nulls (id bigint primary key, v jsonb);
    insert into nulls values (1, 'null'), (2, null), (3, '1')`);
  const nulls = table("nulls", { key: "id", columns: { id: "bigint", v: "jsonb?" } });
  await requireNoAlarm(
    defineJob({
      name: "nulls",
      source: rowsOf(nulls),
      transform: ({ v }) => ({ v }),
      sink: update(nulls, ["v"]),
    }),
  );
});
