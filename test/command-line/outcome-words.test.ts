import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { emptyStore } from "../support/empty-store.ts";
import { CommandLine } from "../support/tidefill.ts";

const database = useDatabase();
let tidefill: CommandLine;

const tables = `
import { table } from "tidefill";
const columns = { id: "bigint", n: "integer?" } as const;
export const notes = table("notes", { key: "id", columns });
export const others = table("others", { key: "id", columns });
`;

function jobOf(name: string, sink: string, more = ""): string {
  const answer = sink.startsWith("update") ? "{ n: (n ?? 0) + 1 }" : "{ id, n: (n ?? 0) + 1 }";
  return `
import { defineJob, defineSqlJob, deleteFrom, insertInto, move, rowsOf, sql, update } from "tidefill";
import { notes, others } from "./tables.ts";
export default defineJob({
  name: "${name}",
  source: rowsOf(notes),
  transform: ({ id, n }) => (${answer}),
  sink: ${sink},
  ${more}
} as never);
`;
}

const kinds = [
  { job: "update-notes", sink: 'update(notes, ["n"])', word: "written", back: "restored" },
  { job: "copy-notes", sink: 'insertInto(others, ["id", "n"])', word: "inserted", back: "removed" },
  {
    job: "upsert-notes",
    sink: 'insertInto(others, ["id", "n"], { onConflict: { target: ["id"], do: "update", columns: ["n"] } })',
    word: "written",
    back: "restored",
  },
  { job: "delete-notes", sink: "deleteFrom(notes)", word: "deleted", back: "restored" },
  {
    job: "move-notes",
    sink: 'move(notes, insertInto(others, ["id", "n"]))',
    word: "moved",
    back: "moved back",
  },
] as const;

beforeAll(async () => {
  const jobs = kinds.map(({ job, sink }) => [`${job}.ts`, jobOf(job, sink)]);
  tidefill = await CommandLine.open(database.url, {
    "tables.ts": tables,
    ...Object.fromEntries(jobs),
    "purge-notes.ts": jobOf(
      "purge-notes",
      "deleteFrom(notes)",
      "undoable: false, backup: { check: () => true },",
    ),
  });
});
beforeEach(async () => {
  await database.query(`${emptyStore}; drop table if exists notes, others`);
  await database.query(
    "create table notes (id bigint primary key, n integer); create table others (like notes including all)",
  );
  await database.query("insert into notes select g, 0 from generate_series(1, 30) g");
});
afterAll(async () => tidefill.close());

async function said(...parameters: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await tidefill.run(...parameters);
  expect(code, stderr).toBe(0);
  return `${stdout}${stderr}`;
}

test.each(kinds)("rows of $job are called $word, and $back when they are undone", async (each) => {
  const { job, word, back } = each;
  expect(await said("run", job)).toMatch(new RegExp(`^succeeded {2}${job}, run 1: 30 rows ${word};`, "m"));
  expect(await said("undo", job, "--yes")).toContain(`run 2: 30 ${back}, 0 conflicts, 0 gone`);
});

test("a dry run and status use the same words, also without the job's file", async () => {
  expect(await said("run", "move-notes", "--dry-run")).toContain(
    "30 rows read, 30 would be moved in 1 batches",
  );
  await said("run", "move-notes");
  await said("undo", "move-notes", "--yes");
  await tidefill.remove("move-notes.ts");
  expect(await said("status")).toMatch(/^move-notes +1 +succeeded.* 30 moved /m);
  expect(await said("status", "2")).toContain("30 read, 30 moved back, 0 unchanged");
});

test("a run without an undo log, whose file is gone, still says that its rows were deleted", async () => {
  expect(await said("run", "purge-notes")).toContain("30 rows deleted;");
  await tidefill.remove("purge-notes.ts");
  expect(await said("status", "purge-notes")).toContain("30 read, 30 deleted, 0 unchanged");
  expect((await tidefill.json("status", "purge-notes")).value).toMatchObject({
    writes: "delete",
    rows: { written: 30 },
  });
});

test("audit shows people no hashes, and programs all of them", async () => {
  await said("run", "update-notes");
  const hash = /[0-9a-f]{64}/;
  const shown = await said("audit");
  expect(shown).toMatch(/ run +update-notes +1 +undoLog=plain$/m);
  expect(shown).not.toMatch(hash);
  expect(JSON.stringify((await tidefill.json("audit")).value)).toMatch(hash);
});
