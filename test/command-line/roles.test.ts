import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { CommandLine } from "../support/tidefill.ts";
import { until } from "../support/until.ts";

const database = useDatabase();
// Roles belong to the whole server: each test file has its own.
const schema = `roles_${randomBytes(4).toString("hex")}`;
const people = ["runner", "operator", "viewer"] as const;
type Person = (typeof people)[number];
const lines = new Map<Person, CommandLine>();

const jobs = {
  "tables.ts": `import { table } from "tidefill";
export const counters = table("counters", { key: "id", columns: { id: "bigint", n: "integer", note: "text?" } });`,
  "count.ts": `import { defineSqlJob, rowsOf, sql, update } from "tidefill";
import { counters } from "./tables.ts";
export default defineSqlJob({
  name: "count",
  source: rowsOf(counters, { pending: sql\`note is null\` }),
  sink: update(counters, { note: sql\`'n' || n\` }),
  pace: { batchTime: "20ms", rowsPerSecond: 2000 },
});`,
  "own-table.ts": `import { addCheck, createIndex, createTable, defineSteps, sql } from "tidefill";
export default defineSteps({
  name: "own-table",
  expand: [
    createTable("own", sql\`create table own (id bigint primary key, n integer)\`),
    addCheck("own", "own_n", sql\`n > 0\`),
    createIndex("own_by_n", { on: "own", by: sql\`n\` }),
  ],
});`,
};

beforeAll(async () => {
  await database.query("create table counters (id bigint primary key, n integer not null, note text)");
  await database.query("insert into counters select g, g from generate_series(1, 6000) g; analyze counters");
  const owner = await CommandLine.open(database.url, jobs);
  const { stdout } = await owner.run("schema", "print", "--roles", "--schema", schema);
  await owner.close();
  await database.query(stdout);
  for (const person of people) {
    const login = `${schema}_${person}_login`;
    await database.query(`create role ${login} login password 'word' in role ${schema}_${person}`);
    const url = new URL(database.url);
    [url.username, url.password] = [login, "word"];
    lines.set(person, await CommandLine.open(url.href, jobs));
  }
  await database.query(`grant select, update on counters to ${schema}_runner;
    grant create on schema public to ${schema}_runner`);
});

afterAll(async () => {
  for (const line of lines.values()) await line.close();
  const roles = [
    ...people.map((person) => `${schema}_${person}_login`),
    ...["owner", ...people].map((name) => `${schema}_${name}`),
  ];
  await database.query(`drop owned by ${roles.join(", ")} cascade; drop role ${roles.join(", ")}`);
});

async function says(person: Person, ...parameters: readonly string[]): Promise<number | null> {
  const line = lines.get(person);
  if (line === undefined) throw new Error(`Nobody is ${person}.`);
  return (await line.run(...parameters, "--schema", schema)).code;
}

async function asked(person: Person, statement: string): Promise<string | undefined> {
  const [row] = await database
    .query(`set role ${schema}_${person}; ${statement}; reset role`)
    .then(() => [{ refused: undefined }])
    .catch((error: { readonly code?: string }) => [{ refused: error.code }]);
  await database.query("reset role");
  return row?.refused;
}

test("the runner runs, is paused and told by the operator, goes on, compares, and takes back", async () => {
  const runner = lines.get("runner")?.start("run", "count", "--schema", schema);
  await until(
    async () => (await database.query(`select from ${schema}.range where batches > 0`)).length > 0,
    { describe: "a run at work" },
  );
  expect(await says("operator", "set", "count", "rows-per-second=4000")).toBe(0);
  expect(await says("operator", "pause", "count")).toBe(0);
  expect(await new Promise((resolve) => runner?.once("close", resolve))).toBe(75);
  expect(await says("viewer", "status", "count")).toBe(0);
  expect(await says("runner", "resume", "count")).toBe(0);
  for (const command of ["verify", "rejects"]) expect(await says("runner", command, "count")).toBe(0);
  expect(await says("runner", "run", "own-table")).toBe(0);
  for (const command of ["list", "status", "audit"])
    for (const person of people) expect(await says(person, command)).toBe(0);
  expect(await says("viewer", "check", "--require", "count")).toBe(0);
  expect(await says("runner", "undo", "own-table", "--yes")).toBe(0);
  expect(await says("runner", "undo", "count", "--yes")).toBe(0);
  expect(await database.query("select count(*)::integer as n from counters where note is null")).toEqual([
    { n: 6_000 },
  ]);
  expect(await database.query("select to_regclass('own') as own")).toEqual([{ own: null }]);
}, 120_000);

test("what a role may not do, the database refuses", async () => {
  const forbidden = "42501";
  expect(await says("viewer", "run", "count")).not.toBe(0);
  expect(await says("viewer", "pause", "count")).not.toBe(0);
  expect(await says("operator", "run", "count")).not.toBe(0);
  for (const person of people) {
    expect(await asked(person, `update ${schema}.audit set job = 'x'`)).toBe(forbidden);
    expect(await asked(person, `delete from ${schema}.audit`)).toBe(forbidden);
    expect(await asked(person, `drop table ${schema}.run cascade`)).toBe(forbidden);
    expect(await asked(person, `truncate ${schema}.range`)).toBe(forbidden);
  }
  expect(await asked("operator", `update ${schema}.range set status = 'done'`)).toBe(forbidden);
  expect(await asked("operator", `update ${schema}.run set job = 'x'`)).toBe(forbidden);
  expect(await asked("operator", "update counters set n = 0")).toBe(forbidden);
  expect(await asked("viewer", `insert into ${schema}.reject values (1, '{1}', 1, null, 'x')`)).toBe(
    forbidden,
  );
});
