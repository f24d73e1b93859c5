import {
  type ColumnType,
  defineJob,
  defineSqlJob,
  deleteFrom,
  insertInto,
  type Job,
  move,
  rowsOf,
  sql,
  table,
  update,
} from "tidefill";
import { afterEach, beforeAll, beforeEach, test, vi } from "vitest";
import { raw } from "../../../src/postgres/sql/sql.ts";
import { useDatabase } from "../../support/database.ts";
import { columnCases, columnSetup } from "../values/column-cases.ts";
import { requireRoundTrips } from "../values/round-trip.ts";

const database = useDatabase();
const cases = columnCases.map((_, index) => `c${index}`);
const names = [...cases, "touched"];
/** Without domains, whose updates have their own test. */
const plain = names.filter((_, index) => !["percent", "label"].includes(columnCases[index]?.[0] ?? ""));
const rows = Math.max(...columnCases.map(([, , ...values]) => values.length));

const ddl = columnCases.map(([type], index) => `${cases[index]} ${type}`).join(", ");
const declared = Object.fromEntries(columnCases.map(([, type], index) => [cases[index], type])) as Readonly<
  Record<string, ColumnType>
>;
const columns = { id: "bigint", touched: "integer?", ...declared } as Readonly<Record<string, ColumnType>>;
const everything = table("everything", { key: "id", columns });
const keyed = table("keyed", { key: "id", columns });
const keyless = table("keyless", { columns });

beforeAll(async () => {
  await database.query(`${columnSetup}; create extension pgcrypto`);
  const generated =
    "double_id bigint generated always as (id * 2) stored, made bigint generated always as identity";
  for (const [name, key] of [
    ["everything", "primary key"],
    ["keyed", "primary key"],
    ["keyless", ""],
  ])
    await database.query(`create table ${name} (id bigint ${key}, ${generated}, touched integer, ${ddl})`);
});

// Created again for each test, so that a failed test leaves nothing to the next.
beforeEach(async () => {
  await database.query("truncate everything, keyed, keyless");
  for (let row = 0; row < rows; row += 1) {
    const values = columnCases.map(([, , ...literals]) => literals[row % literals.length]);
    const list = ["id", ...cases].join(", ");
    await database.query(`insert into everything (${list}) values (${row}, ${values.join(", ")})`);
    // Other values in another order, so that an upsert both changes and inserts.
    if (row % 3 !== 0)
      await database.query(`insert into keyed (${list}) values (${rows - row}, ${values.join(", ")})`);
    await database.query(`insert into keyless (${list}) values (${row}, ${values.join(", ")})`);
  }
});

const expressions = Object.fromEntries(names.map((name) => [name, raw(name)]));
const next = Object.fromEntries(
  plain.map((name) => [
    name,
    raw(`(select o.${name} from everything o where o.id = (everything.id + 1) % ${rows})`),
  ]),
);
const nulls = { ...Object.fromEntries(plain.map((name) => [name, null])), touched: 7 };
const copied = { id: sql`id`, ...expressions };
const conflict = { target: ["id"], do: "update", columns: plain } as const;

const jobs: readonly (readonly [Job, readonly string[]])[] = [
  [
    defineJob({
      name: "update-rows",
      source: rowsOf(everything),
      transform: () => nulls as never,
      sink: update(everything, plain),
    }),
    ["everything"],
  ],
  [
    defineSqlJob({ name: "update-by-sql", source: rowsOf(everything), sink: update(everything, next) }),
    ["everything"],
  ],
  [
    defineJob({
      name: "delete-rows",
      source: rowsOf(everything),
      transform: (row) => row,
      sink: deleteFrom(everything),
    }),
    ["everything"],
  ],
  [
    defineSqlJob({ name: "delete-by-sql", source: rowsOf(everything), sink: deleteFrom(everything) }),
    ["everything"],
  ],
  [
    defineJob({
      name: "insert-rows",
      source: rowsOf(everything),
      transform: (row) => row as never,
      sink: insertInto(keyless, ["id", ...names]),
    }),
    ["everything", "keyless"],
  ],
  [
    defineSqlJob({ name: "insert-by-sql", source: rowsOf(everything), sink: insertInto(keyless, copied) }),
    ["everything", "keyless"],
  ],
  [
    defineJob({
      name: "upsert-rows",
      source: rowsOf(everything),
      transform: (row) => row as never,
      sink: insertInto(keyed, ["id", ...names], { onConflict: conflict }),
    }),
    ["everything", "keyed"],
  ],
  [
    defineSqlJob({
      name: "upsert-by-sql",
      source: rowsOf(everything),
      sink: insertInto(keyed, copied, { onConflict: conflict }),
    }),
    ["everything", "keyed"],
  ],
  [
    defineJob({
      name: "move-rows",
      source: rowsOf(everything),
      transform: (row) => [row, row] as never,
      sink: move(everything, insertInto(keyless, ["id", ...names])),
    }),
    ["everything", "keyless"],
  ],
  [
    defineSqlJob({
      name: "move-by-sql",
      source: rowsOf(everything),
      sink: move(everything, insertInto(keyless, copied)),
    }),
    ["everything", "keyless"],
  ],
];

test.each(jobs.map(([job, tables]) => [job.name, job, tables] as const))(
  "%s over every type is undone to the byte, twice",
  { tags: ["promise"] },
  async (_, job, tables) => {
    await requireRoundTrips(database, job, tables, rows);
  },
);

afterEach(() => {
  vi.unstubAllEnvs();
});

async function requireEncryptedRoundTrips(
  job: Job,
  tables: readonly string[],
  written: number,
): Promise<void> {
  vi.stubEnv("TIDEFILL_UNDO_KEY", "a key of the operator's own");
  await requireRoundTrips(
    database,
    { ...job, name: `${job.name}-encrypted`, personalData: true },
    tables,
    written,
  );
}

const comparing = ["update-by-sql", "upsert-rows", "upsert-by-sql"];

test.each(
  jobs
    .filter(([{ name }]) => !comparing.includes(name))
    .map(([job, tables]) => [job.name, job, tables] as const),
)("%s over every type is undone to the byte where the undo log is encrypted", async (_, job, tables) => {
  await requireEncryptedRoundTrips(job, tables, rows);
});

test.each(
  jobs
    .filter(([{ name }]) => comparing.includes(name))
    .map(([job, tables]) => [job.name, job, tables] as const),
)(
  "%s over every type, including char(n), is undone to the byte where the undo log is encrypted",
  async (_, job, tables) => {
    await requireEncryptedRoundTrips(job, tables, rows);
  },
);

test.each(["percent", "label"])("an update of a column of the domain %s is undone", async (domain) => {
  await database.query(
    `drop table if exists domains; create table domains (id bigint primary key, v ${domain})`,
  );
  await database.query("insert into domains values (1, '1'), (2, '2')");
  const domains = table("domains", {
    key: "id",
    columns: { id: "bigint", v: domain === "label" ? "text?" : "numeric?" },
  });
  const job = defineSqlJob({
    name: `update-${domain}`,
    source: rowsOf(domains),
    sink: update(domains, { v: sql`'3'` }),
  });
  await requireRoundTrips(database, job, ["domains"], 2);
});
