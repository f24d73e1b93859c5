import { mkdtempSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type ColumnType,
  csvFile,
  defineJob,
  defineSqlJob,
  deleteFrom,
  insertInto,
  type Job,
  ndjsonFile,
  type RunReport,
  rows,
  rowsOf,
  runJob,
  table,
  undoRun,
  update,
  verifyRun,
} from "tidefill";
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test, vi } from "vitest";
import { backupJob } from "../../../src/backup/backup-job.ts";
import { restoreBackup } from "../../../src/backup/restore-backup.ts";
import { raw } from "../../../src/postgres/sql/sql.ts";
import { useDatabase } from "../../support/database.ts";
import { emptyStore } from "../../support/empty-store.ts";
import { columnCases, columnSetup } from "./column-cases.ts";

/** Settings of a database or role with which an application may have lived for years. */
const oddSettings: readonly (readonly [name: string, value: string])[] = [
  ["array_nulls", "off"],
  ["bytea_output", "escape"],
  ["intervalstyle", "sql_standard"],
  ["datestyle", "SQL, DMY"],
  ["extra_float_digits", "-5"],
  ["xmloption", "document"],
  ["timezone", "Europe/Dublin"],
  ["standard_conforming_strings", "off"],
  ["escape_string_warning", "off"],
  ["quote_all_identifiers", "on"],
  ["default_toast_compression", "pglz"],
];

const database = useDatabase();
const folder = mkdtempSync(join(tmpdir(), "tidefill-carried-"));
const names = columnCases.map((_, index) => `c${index}`);
const count = Math.max(...columnCases.map(([, , ...values]) => values.length));
const ddl = columnCases.map(([type], index) => `${names[index]} ${type}`).join(", ");
const columns = {
  id: "bigint",
  touched: "integer",
  ...Object.fromEntries(columnCases.map(([, type], index) => [names[index], type])),
} as Readonly<Record<string, ColumnType>>;
const original = table("original", { key: "id", columns });
const twin = table("twin", { key: "id", columns });
const all = ["id", "touched", ...names];

beforeAll(async () => {
  await database.query(`${columnSetup}; create extension pgcrypto;
    create table seed (id bigint primary key, touched integer not null, ${ddl})`);
  for (let row = 0; row < count; row += 1) {
    const values = columnCases.map(([, , ...literals]) => literals[row % literals.length]);
    await database.query(`insert into seed values (${row}, 0, ${values.join(", ")})`);
  }
  for (const [name, value] of await settings())
    await database.query(`alter database ${database.name} set ${name} = '${value}'`);
});
afterAll(async () => rm(folder, { recursive: true, force: true }));
afterEach(() => vi.unstubAllEnvs());

beforeEach(async () => {
  await database.query(`
    ${emptyStore};
    drop table if exists original, twin;
    create table original (like seed including all);
    create table twin (like seed including all);
    insert into original select * from seed`);
});

/** The odd settings, and a currency without decimals where the machine has one. */
async function settings(): Promise<typeof oddSettings> {
  const yen = await database.query("set lc_monetary = 'ja_JP.UTF-8'; reset lc_monetary").then(
    () => [["lc_monetary", "ja_JP.UTF-8"] as const],
    () => [],
  );
  return [...oddSettings, ...yen];
}

/** A hash over each column's bytes, both as text and in the binary protocol. */
async function bytesOf(name: string, written: readonly string[] = names): Promise<unknown> {
  const each = written.map((column) => {
    const text = `coalesce(${column}::text, 'is null')`;
    return `md5(string_agg(${text} || '|' || encode(record_send(row(${column})), 'hex'), '|' order by id)) as ${column}`;
  });
  return (await read(`select count(*)::integer, ${each.join(", ")} from ${name}`))[0];
}

async function versionsOf(name: string): Promise<unknown> {
  return database.query(`select id, xmin, ctid from ${name} order by id`);
}

const options = { workers: 2, again: true } as const;

async function run(job: Job, written: number): Promise<RunReport> {
  const report = await runJob(job, { ...options, connectionString: database.url });
  const kept = await database.query("select key, reason from tidefill.reject where run_id = $1", [
    report.run,
  ]);
  expect({ ...report, kept }, String(report.message)).toMatchObject({
    status: "succeeded",
    rows: { written, rejected: 0 },
    kept: [],
  });
  return report;
}

// A pooler keeps the settings of sessions that began earlier.
const isPooled = inject("poolerUrl") !== null;

test.skipIf(isPooled)("under odd settings an identity transform writes nothing", async () => {
  const [before, versions] = [await bytesOf("original"), await versionsOf("original")];
  const job = defineJob({
    name: "identity",
    source: rowsOf(original),
    transform: ({ id: _, ...row }) => row,
    sink: update(original, all.slice(1)),
  });
  await run(job, 0);
  expect(await versionsOf("original")).toEqual(versions);
  expect(await bytesOf("original")).toEqual(before);
  const verified = await verifyRun(job, { ...options, connectionString: database.url });
  expect(verified).toMatchObject({ status: "succeeded", rows: { conflicted: 0 } });
});

test.skipIf(isPooled)("under odd settings values that are written back stay the same", async () => {
  const before = await bytesOf("original");
  const job = defineJob({
    name: "rewrite",
    source: rowsOf(original),
    transform: ({ id: _, ...row }) => ({ ...row, touched: 1 }),
    sink: update(original, all.slice(1)),
  });
  await run(job, count);
  expect(await bytesOf("original")).toEqual(before);
});

test.skipIf(isPooled)("under odd settings rows arrive unchanged in another table", async () => {
  const job = defineJob({
    name: "copy",
    source: rowsOf(original),
    transform: (row) => row as never,
    sink: insertInto(twin, all),
  });
  await run(job, count);
  expect(await bytesOf("twin")).toEqual(await bytesOf("seed"));
});

test.skipIf(isPooled).each(["plain", "encrypted"])(
  "under odd settings a %s undo log brings back what was there",
  async (kind) => {
    vi.stubEnv("TIDEFILL_UNDO_KEY", "a key of the operator's own");
    // Some rows hold only null.
    const nulls = { ...Object.fromEntries(names.map((name) => [name, raw("null")])), touched: raw("1") };
    const writes = [
      defineSqlJob({ name: "clear", source: rowsOf(original), sink: update(original, nulls) }),
      defineSqlJob({ name: "remove", source: rowsOf(original), sink: deleteFrom(original) }),
    ];
    for (const write of writes) {
      const report = await run({ ...write, personalData: kind === "encrypted" }, count);
      expect(await bytesOf("original")).not.toEqual(await bytesOf("seed"));
      // An encrypted log is read correctly under later settings.
      await database.query(`alter database ${database.name} set lc_monetary = 'C'`);
      const undone = await undoRun(String(report.run), { ...options, connectionString: database.url });
      expect(undone, String(undone.message)).toMatchObject({
        status: "succeeded",
        rows: { written: count, conflicted: 0, rejected: 0 },
      });
      for (const [name, value] of await settings())
        await database.query(`alter database ${database.name} set ${name} = '${value}'`);
      expect(await bytesOf("original", [...names, "touched"])).toEqual(
        await bytesOf("seed", [...names, "touched"]),
      );
    }
  },
);

test.skipIf(isPooled)("under odd settings a backup is restored unchanged", async () => {
  const job = defineSqlJob({
    name: "remove",
    source: rowsOf(original),
    sink: deleteFrom(original),
    undoable: false,
  });
  const directory = join(folder, "backup");
  await backupJob(job, { connectionString: database.url, directory });
  await database.query("delete from original where id % 2 = 0");
  const nulls = names.map((name) => `${name} = null`).join(", ");
  await database.query(`update original set ${nulls}`);
  await database.query(`alter database ${database.name} set lc_monetary = 'C'`);
  const restored = await restoreBackup(directory, { connectionString: database.url, overwrite: true });
  for (const [name, value] of await settings())
    await database.query(`alter database ${database.name} set ${name} = '${value}'`);
  expect(restored).toMatchObject({ restored: count, conflicts: 0, altered: 0 });
  expect(await bytesOf("original")).toEqual(await bytesOf("seed"));
});

/** A column as this database exports it. */
function exported(column: string): string {
  const index = names.indexOf(column);
  const [type] = columnCases[index] ?? [""];
  if (type === "xml") return `${column}::text`;
  return type === "xml[]" ? `${column}::text[]` : column;
}

test.skipIf(isPooled)("under odd settings a CSV file arrives as it was exported", async () => {
  const text = all.map((column) => `(${exported(column)})::text as ${column}`).join(", ");
  const rowsFound = await read(`select ${text} from seed order by id`);
  const cell = (value: unknown): string => (value === null ? "" : `"${String(value).replaceAll('"', '""')}"`);
  const lines = rowsFound.map((row) => all.map((column) => cell(row[column])).join(","));
  const path = join(folder, "seed.csv");
  await writeFile(path, `${all.join(",")}\n${lines.join("\n")}\n`);
  const job = defineJob({
    name: "from-csv",
    source: csvFile(path, { columns }),
    transform: (row) => row as never,
    sink: insertInto(twin, all),
  });
  await run(job, count);
  expect(await bytesOf("twin")).toEqual(await bytesOf("seed"));
});

// A null of NDJSON is SQL's, in arrays of JSON too.
const inNdjson = names.filter(
  (_, index) => !columnCases[index]?.includes("array['null', null, '1.10', '[null]']::jsonb[]"),
);

test.skipIf(isPooled)("under odd settings an NDJSON file arrives as it was exported", async () => {
  const written = ["id", "touched", ...inNdjson];
  const members = written.map((column) => {
    const [type = "", declared = ""] = columnCases[names.indexOf(column)] ?? [];
    const isRaw = /^jsonb?\??$|^jsonb? text\?$/.test(declared);
    const value =
      isRaw || column === "id" || column === "touched"
        ? `${column}::text`
        : declared.endsWith("[]?") && type.endsWith("[]")
          ? `to_json(${exported(column)}${declared.startsWith("text") ? "::text[]" : ""})::text`
          : `to_json(${exported(column)}::text)::text`;
    return `'"${column}":' || coalesce(${value}, 'null')`;
  });
  const rowsFound = await read(
    `select '{' || ${members.join(" || ',' || ")} || '}' as line from seed order by id`,
  );
  const path = join(folder, "seed.ndjson");
  // A file of lines cannot hold line breaks inside a value.
  const lines = rowsFound.map(({ line }) => String(line).replaceAll("\n", " "));
  await writeFile(path, `${lines.join("\n")}\n`);
  const job = defineJob({
    name: "from-ndjson",
    source: ndjsonFile(path, {
      columns: Object.fromEntries(written.map((name) => [name, columns[name] ?? "text"])),
    }),
    transform: (row) => row as never,
    sink: insertInto(twin, written),
  });
  await run(job, count);
  // NDJSON does not tell JSON's null from SQL's.
  const told = inNdjson.filter((name) => !/^jsonb?\b/.test(columnCases[names.indexOf(name)]?.[0] ?? ""));
  expect(await bytesOf("twin", told)).toEqual(await bytesOf("seed", told));
});

test.skipIf(isPooled)("under odd settings a job's own rows arrive unchanged", async () => {
  const seen: never[] = [];
  await run(
    defineJob({
      name: "look",
      source: rowsOf(original),
      transform: ({ id: _, ...row }) => {
        seen.push({ ...row, id: _ } as never);
        return row;
      },
      sink: update(original, all.slice(1)),
    }),
    0,
  );
  const job = defineJob({
    name: "from-rows",
    source: rows(seen, { columns }),
    transform: (row) => row as never,
    sink: insertInto(twin, all),
  });
  await run(job, count);
  // A number alone is read as JavaScript's, and a null alone as SQL's.
  const told = names.filter((_, index) => !/^jsonb?\?$/.test(columnCases[index]?.[1] ?? ""));
  expect(await bytesOf("twin", told)).toEqual(await bytesOf("seed", told));
});

/** Reads as a careful export does, independent of the session's settings. */
async function read(query: string): Promise<Record<string, unknown>[]> {
  const money = (await settings()).filter(([name]) => name === "lc_monetary");
  const careful = [
    ["bytea_output", "hex"],
    ["extra_float_digits", "1"],
    ["datestyle", "ISO"],
    ["intervalstyle", "postgres"],
    ["timezone", "UTC"],
    ["array_nulls", "on"],
    ...money,
  ].map(([name, value]) => `set local ${name} = '${value}'`);
  const client = await database.pool.connect();
  try {
    await client.query(`begin; ${careful.join("; ")}`);
    return (await client.query(query)).rows;
  } finally {
    await client.query("rollback");
    client.release();
  }
}
