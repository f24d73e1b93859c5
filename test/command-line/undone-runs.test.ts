import { afterAll, beforeEach, expect, test } from "vitest";
import { closedWindow } from "../support/closed-window.ts";
import { useDatabase } from "../support/database.ts";
import { emptyStore } from "../support/empty-store.ts";
import { CommandLine } from "../support/tidefill.ts";

const database = useDatabase();

const head = 'import { addColumn, defineSqlJob, defineSteps, rowsOf, sql, update } from "tidefill";';
const files = {
  "tables.ts": `import { table } from "tidefill";
export const notes = table("notes", { key: "id", columns: { id: "bigint", words: "integer?" } });`,
  "count.ts": `${head}
import { notes } from "./tables.ts";
export default defineSqlJob({ name: "count", source: rowsOf(notes, { pending: sql\`words is null\` }), sink: update(notes, { words: sql\`1\` }) });`,
  "bump.ts": `${head}
import { notes } from "./tables.ts";
export default defineSqlJob({ name: "bump", source: rowsOf(notes, { where: sql\`true\` }), sink: update(notes, { words: sql\`coalesce(words, 0) + 1\` }) });`,
  "next.ts": `${head}
import { notes } from "./tables.ts";
export default defineSqlJob({ name: "next", after: ["count"], source: rowsOf(notes, { where: sql\`true\` }), sink: update(notes, { words: sql\`2\` }) });`,
  "steps.ts": `${head}
export default defineSteps({ name: "steps", expand: [addColumn("notes", "extra", "integer")] });`,
};

let tidefill: CommandLine;

beforeEach(async () => {
  await tidefill?.close();
  await database.query(`${emptyStore}; drop table if exists notes`);
  await database.query("create table notes (id bigint primary key, words integer)");
  await addNotes(1, 100);
  tidefill = await CommandLine.open(database.url, files);
});
afterAll(() => tidefill.close());

async function addNotes(first: number, last: number): Promise<void> {
  await database.query("insert into notes select g from generate_series($1::integer, $2::integer) g", [
    first,
    last,
  ]);
}

async function gate(job: string): Promise<readonly string[]> {
  const { value } = await tidefill.json("check", "--require", job);
  return (value.findings as readonly { readonly code: string }[]).map(({ code }) => code);
}

async function run(job: string, times: number): Promise<void> {
  for (let time = 1; time <= times; time += 1) {
    const { code, stderr } = await tidefill.run("run", job, ...(time > 1 ? ["--again"] : []));
    expect(code, stderr).toBe(0);
    await addNotes(100 * time + 1, 100 * (time + 1));
  }
}

test("rows of an earlier run that are undone keep the gate shut, also when more is undone after them", async () => {
  await run("count", 3);
  await tidefill.run("undo", "1", "--yes");
  expect(await gate("count")).toEqual(["partly-undone-job"]);
  const older = await tidefill.run("undo", "2", "--yes");
  expect(older.stdout + older.stderr).toContain("Run 3 came later and stays");
  expect(await gate("count")).toEqual(["partly-undone-job"]);
});

test("a job does not begin while rows of the one before it are undone, whatever was undone last", async () => {
  await run("count", 3);
  await tidefill.run("undo", "1", "--yes");
  await tidefill.run("undo", "3", "--yes");
  const { code, stderr } = await tidefill.run("run", "next");
  expect(code).toBe(3);
  expect(stderr).toContain("of which run 4 has undone a part");
});

test("an undo that restored no row changes nothing", async () => {
  await run("bump", 1);
  await tidefill.run("run", "bump", "--again");
  await database.query("update notes set words = words + 100");
  await tidefill.run("undo", "1", "--yes");
  expect(await gate("bump")).toEqual([]);
});

test("a run that was cancelled before it wrote does not keep an undone job from being done again", async () => {
  await run("count", 1);
  await tidefill.run("run", "count", "--again", "--window", closedWindow(), "--exit-when-closed");
  await tidefill.run("cancel", "count");
  await tidefill.run("undo", "1", "--yes");
  expect(await gate("count")).toEqual(["pending-job"]);
  expect((await tidefill.run("up", "--to", "count")).code).toBe(0);
  expect(await gate("count")).toEqual([]);
});

test("steps that are undone keep the gate shut though a later run of them stands", async () => {
  await tidefill.run("run", "steps");
  await tidefill.run("run", "steps", "--again");
  await tidefill.run("undo", "1", "--yes");
  expect(await gate("steps")).toEqual(["partly-undone-job"]);
});

test("an undo does not name runs that cannot be undone", async () => {
  await run("count", 2);
  await database.query("update tidefill.run set finished_at = now() - interval '60 days' where id < 3");
  expect((await tidefill.run("purge", "--yes")).code).toBe(0);
  await tidefill.run("run", "count", "--again");
  const { code, stdout, stderr } = await tidefill.run("undo", "3", "--yes");
  expect(code, stderr).toBe(0);
  expect(stdout + stderr).not.toMatch(/not undone/);
});
