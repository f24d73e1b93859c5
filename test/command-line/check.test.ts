import { afterAll, beforeEach, expect, test } from "vitest";
import { closedWindow } from "../support/closed-window.ts";
import { useDatabase } from "../support/database.ts";
import { emptyStore } from "../support/empty-store.ts";
import { CommandLine } from "../support/tidefill.ts";

const database = useDatabase();

const tables = `import { table } from "tidefill";
export const notes = table("notes", { key: "id", columns: { id: "bigint", body: "text", words: "integer?" } });`;
const count = (
  more = "",
): string => `import { addColumn, defineSqlJob, dropColumn, rowsOf, setNotNull, sql, update } from "tidefill";
import { notes } from "./tables.ts";
export default defineSqlJob({
  name: "count",
  expand: [addColumn("notes", "words", "integer")],
  source: rowsOf(notes),
  sink: update(notes, { words: sql\`length(body) / (length(body) - 3)\` }),
  integrity: [{ name: "words are not negative", query: sql\`select from notes where words < 0\` }],
  ${more}
});`;

let tidefill: CommandLine;

beforeEach(async () => {
  await tidefill?.close();
  await database.query(`${emptyStore}; drop table if exists notes cascade`);
  await database.query("create table notes (id bigint primary key, body text not null)");
  await database.query(
    "insert into notes select g, repeat('x', 3 + g) from generate_series(1, 100) g; analyze notes",
  );
  tidefill = await CommandLine.open(database.url, { "tables.ts": tables, "count.ts": count() });
});
afterAll(() => tidefill.close());

async function findings(...parameters: readonly string[]): Promise<readonly string[]> {
  const { code, value } = await tidefill.json("check", ...parameters);
  const found = value.findings as readonly { readonly code: string; readonly remedy: string }[];
  for (const { remedy } of found) expect(remedy).not.toBe("");
  expect(code).toBe(found.length === 0 ? 0 : 3);
  return found.map((finding) => finding.code);
}

test("a job is pending where tidefill has never run, and no longer once it is done", async () => {
  expect(await findings()).toEqual(["pending-job"]);
  expect((await tidefill.run("run", "count")).code).toBe(0);
  expect(await findings()).toEqual([]);
  expect(await findings("--require", "count")).toEqual([]);
  const { code, stderr } = await tidefill.run("check", "--require", "counts");
  expect(code).toBe(2);
  expect(stderr).toContain('There is no job "counts"');
  await tidefill.run("undo", "count", "--yes");
  expect(await findings("--require", "count")).toEqual(["undone-job"]);
});

test("a job stays done where a later run of it was cancelled, for check and for up", async () => {
  await tidefill.run("run", "count");
  const again = await tidefill.run(
    "run",
    "count",
    "--again",
    "--window",
    closedWindow(),
    "--exit-when-closed",
  );
  expect(again.code).toBe(75);
  expect(await findings()).toEqual(["unfinished-job"]);
  await tidefill.run("cancel", "count");
  expect(await findings()).toEqual([]);
  const up = await tidefill.run("up");
  expect([up.code, up.stdout + up.stderr]).toEqual([0, expect.not.stringContaining("count, run 3")]);
});

test("a job is not done while rows of an earlier run are undone, for the gate, for up and for jobs after it", async () => {
  await tidefill.run("run", "count");
  await database.query("insert into notes select g, 'later' from generate_series(101, 120) g");
  await tidefill.run("run", "count", "--again");
  const undo = await tidefill.run("undo", "1", "--yes");
  expect(undo.stdout + undo.stderr).toContain("Run 2 of count is not undone");
  expect(await findings("--require", "count")).toEqual(["partly-undone-job"]);
  expect((await tidefill.run("up")).code).toBe(3);
  expect((await tidefill.run("run", "count", "--again")).code).toBe(0);
  expect(await findings("--require", "count")).toEqual([]);
});

test.each([
  ["changed-job", [], async () => tidefill.write("count.ts", `${count()}\n// another thought`)],
  [
    "open-steps",
    ["open-steps"],
    async () => tidefill.write("count.ts", count('contract: [dropColumn("notes", "old")],')),
  ],
  ["drifted-table", ["drifted-table"], async () => database.query("alter table notes alter words type text")],
  ["lost-step", ["lost-step"], async () => database.query("alter table notes drop words")],
  [
    "invalid-index",
    ["invalid-index"],
    async () =>
      database.query(
        "create index bad on notes (id); update pg_index set indisvalid = false where indexrelid = 'bad'::regclass",
      ),
  ],
  [
    "constraint-not-valid",
    ["constraint-not-valid"],
    async () => database.query("alter table notes add constraint c check (id > 0) not valid"),
  ],
  [
    "broken-integrity",
    ["broken-integrity"],
    async () => database.query("update notes set words = -1 where id = 7"),
  ],
  [
    "expiring-undo-log",
    ["expiring-undo-log"],
    async () =>
      database.query(
        "update tidefill.run set undo_log = 'encrypted', finished_at = now() - interval '27 days'",
      ),
  ],
] as const)("%s is reported, with what to type", async (code, _, bring) => {
  expect((await tidefill.run("run", "count")).code).toBe(0);
  await bring();
  expect(await findings()).toContain(code);
  const { stdout } = await tidefill.run("check");
  expect(stdout).toMatch(new RegExp(`^${code}: .+ → .+$`, "m"));
  // A finding of no job does not block a deploy, and contract steps come after it.
  const isOfJob = !["open-steps", "invalid-index", "constraint-not-valid"].includes(code);
  expect((await findings("--require", "count")).includes(code)).toBe(isOfJob);
});

test("waiting rejects and a failed run are reported", async () => {
  await database.query("insert into notes values (1000, 'xxx')");
  expect((await tidefill.run("run", "count")).code).toBe(4);
  expect(await findings()).toEqual(["waiting-rejects"]);
  await database.query("insert into notes select g, 'xxx' from generate_series(2000, 2200) g; analyze notes");
  expect((await tidefill.run("run", "count", "--again")).code).toBe(1);
  expect(await findings()).toEqual(["failed-job", "waiting-rejects"]);
});

test("a name with line breaks and control characters is shown escaped, on the one line of its finding", async () => {
  const name = "a\n\u001b[31m\u0007\u202eb";
  await database.query(`create table "${name}" (id bigint)`);
  await database.query(`alter table "${name}" add constraint "${name}" check (id > 0) not valid`);
  const { stdout, stderr } = await tidefill.run("check");
  const lines = stdout.trimEnd().split("\n");
  expect(lines.map((line) => line.split(":")[0])).toEqual(["pending-job", "constraint-not-valid"]);
  expect(lines[1]).toContain(String.raw`"a\n\u{1b}[31m\u{7}\u{202e}b"`);
  expect(`${stdout}${stderr}`).not.toMatch(/[^\P{Cc}\n]|\p{Bidi_Control}/u);
  const { value } = await tidefill.json("check");
  const [, found] = value.findings as readonly { readonly message: string }[];
  expect(found?.message).toContain(name);
  await database.query(`drop table "${name}"`);
});

test("check does not miss what a later job renamed or dropped, but what another session dropped", async () => {
  const step = (
    name: string,
    step: string,
    more = "",
  ) => `import { dropColumn, renameColumn, defineSteps } from "tidefill";
export default defineSteps({ name: "${name}", after: ["count"], contract: [${step}], ${more} });`;
  const backup = "backup: { check: () => true },";
  await tidefill.write(
    "count.ts",
    count('contract: [setNotNull("notes", "words")], undoable: false, backup: { check: () => true },'),
  );
  await tidefill.write("rename.ts", step("rename", 'renameColumn("notes", "words", "amount")'));
  await tidefill.write("drop.ts", step("drop", 'dropColumn("notes", "unused")', backup));
  await database.query("alter table notes add unused text");
  expect((await tidefill.run("up")).code).toBe(0);
  for (const name of ["rename", "drop"]) expect((await tidefill.run("contract", name, "--yes")).code).toBe(0);
  // Its integrity query uses the old name.
  expect(await findings()).toEqual(["broken-integrity"]);
  expect(await findings("--require", "rename")).toEqual([]);
  await database.query("alter table notes drop body");
  expect(await findings()).toContain("drifted-table");
});

test("a gate reports nothing about other jobs", async () => {
  await tidefill.write(
    "other.ts",
    `import { defineSteps, addColumn } from "tidefill";
export default defineSteps({ name: "other", expand: [addColumn("notes", "o", "text")] });`,
  );
  expect((await tidefill.run("up")).code).toBe(0);
  await database.query(
    "update tidefill.run set undo_log = 'encrypted', finished_at = now() - interval '27 days' where job = 'count'",
  );
  expect(await findings("--require", "other")).toEqual([]);
  expect(await findings("--require", "count")).toEqual(["expiring-undo-log"]);
});
