import { afterAll, beforeEach, expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { emptyStore } from "../support/empty-store.ts";
import { CommandLine } from "../support/tidefill.ts";

const database = useDatabase();
const notes = `export const notes = table("notes", {
  key: "id",
  columns: { id: "bigint", body: "text", words: "integer?" },
  personalData: ["body"],
});`;
const tables = (more = ""): string => `import { table } from "tidefill";\n${notes}\n${more}`;
const count = `import { addColumn, defineJob, rowsOf, update } from "tidefill";
import { notes } from "./tables.ts";
export default defineJob({
  name: "count",
  expand: [addColumn("notes", "words", "integer")],
  source: rowsOf(notes, { read: ["body"] }),
  transform: ({ body }) => ({ words: body.length }),
  sink: update(notes, ["words"]),
});`;
const open = count
  .replace('"count"', '"count-openly"')
  .replace("source:", "undoable: false, backup: { check: async () => true }, source:")
  .replace('read: ["body"]', 'read: ["words"]')
  .replace("({ body }) => ({ words: body.length })", "() => ({ words: 1 })");

let tidefill: CommandLine;

beforeEach(async () => {
  await tidefill?.close();
  await database.query(`${emptyStore}; drop table if exists notes cascade`);
  await database.query("create table notes (id bigint primary key, body text not null)");
  await database.query("insert into notes select g, 'abc' from generate_series(1, 20) g; analyze notes");
  tidefill = await CommandLine.open(database.url, { "tables.ts": tables(), "count.ts": count });
});
afterAll(() => tidefill.close());

async function hasColumn(): Promise<boolean> {
  const found = await database.query(
    "select from pg_attribute where attrelid = 'notes'::regclass and attname = 'words'",
  );
  return found.length > 0;
}

async function findings(): Promise<readonly string[]> {
  const { value } = await tidefill.json("check");
  return (value.findings as readonly { readonly code: string }[]).map(({ code }) => code);
}

test.for([
  [[], "undo-log-is-encrypted", 3, "there is no key for it"],
  [["--canary", "many"], "", 2, "many"],
  [["--stages", "10%,5%"], "", 2, "5%"],
  [["--canary", "1%", "--stages", "10%"], "", 2, "exclude each other"],
] as const)("a refused run has done no step: run %s", async ([options, , code, words]) => {
  const refused = await tidefill.run("run", "count", ...options);
  expect(refused.stderr).toContain(words);
  expect(refused.code).toBe(code);
  expect(await hasColumn()).toBe(false);
});

test("a plan reports before the first step that the undo log needs a key", async () => {
  const plan = await tidefill.run("plan", "count");
  expect(plan.code).toBe(3);
  expect(plan.stderr).toContain("there is no key for it");
});

test("a changed table description marks only the jobs on that table as changed", async () => {
  await tidefill.write("count.ts", open.replace("count-openly", "count"));
  expect((await tidefill.run("run", "count")).stderr).toContain("20 rows written");
  await tidefill.write(
    "tables.ts",
    tables('export const more = table("more", { columns: { n: "integer" } });'),
  );
  expect(await findings()).toEqual([]);
  await tidefill.write("tables.ts", tables().replace('"text"', '"text?"'));
  expect(await findings()).toEqual(["changed-job"]);
});

test("a run that is refused after its steps says that they stay", async () => {
  await tidefill.write(
    "count.ts",
    open.replace("count-openly", "count").replace("backup: { check: async () => true }, ", ""),
  );
  const refused = await tidefill.run("run", "count");
  expect(refused.code).toBe(3);
  expect(refused.stderr).toContain("The expand steps are done and stay; no row was touched.");
  expect(refused.stderr).not.toContain("Nothing was started");
});

test("an undo names the steps that stay, and how to undo them", async () => {
  await tidefill.write("count.ts", count.replace("source:", "personalData: false, source:"));
  await tidefill.write("tables.ts", tables().replace('personalData: ["body"],', ""));
  expect((await tidefill.run("run", "count")).code).toBe(0);
  const undone = await tidefill.run("undo", "count", "--yes");
  expect(undone.stderr).toContain("The expand steps stay (add column notes.words).");
  expect(await hasColumn()).toBe(true);
  expect((await tidefill.run("undo", "--to", "nothing", "--yes")).code).toBe(0);
  expect(await hasColumn()).toBe(false);
});

test("check reports differences that a verify has found, until a run has written them", async () => {
  await tidefill.write("tables.ts", tables().replace('personalData: ["body"],', ""));
  expect((await tidefill.run("run", "count")).code).toBe(0);
  await database.query("update notes set words = 7 where id < 3");
  expect((await tidefill.run("verify", "count")).code).toBe(4);
  expect(await findings()).toEqual(["differences"]);
  // A run that passes over the rows has repaired none of them.
  const pending = count
    .replace("rowsOf,", "rowsOf, sql,")
    .replace('read: ["body"]', 'read: ["body"], pending: sql`words is null`');
  await tidefill.write("count.ts", pending);
  expect((await tidefill.run("run", "count", "--again")).code).toBe(0);
  expect(await findings()).toEqual(["differences"]);
  await tidefill.write("count.ts", count);
  expect((await tidefill.run("run", "count", "--again")).code).toBe(0);
  expect(await findings()).toEqual([]);
});
