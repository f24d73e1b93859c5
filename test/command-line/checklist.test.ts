import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runCommand } from "../support/command-host.ts";
import { useDatabase } from "../support/database.ts";
import { emptyStore } from "../support/empty-store.ts";

const database = useDatabase();

let project: string;

beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), "tidefill-project-"));
  await database.query(`${emptyStore}; drop table if exists notes, other`);
  await database.query(
    "create table notes (id bigint primary key, body text not null, old text); create table other ()",
  );
  await database.query(
    "insert into notes select g, repeat('x', g) from generate_series(1, 100) g; analyze notes",
  );
  await write("jobs/tables.ts", tables);
});
afterEach(() => rm(project, { recursive: true, force: true }));

const tables = `import { table } from "tidefill";
export const notes = table("notes", { key: "id", columns: { id: "bigint", body: "text", old: "text?" } });`;

async function write(file: string, text: string): Promise<void> {
  await mkdir(dirname(join(project, file)), { recursive: true });
  await writeFile(join(project, file), text);
}

async function tidefill(...parameters: readonly string[]) {
  const env = { ...process.env, DATABASE_URL: database.url, NO_COLOR: "1" };
  return runCommand({ parameters, cwd: project, env });
}

/** A line of the checklist, as printed. */
async function line(question: string, job = "tidy-notes"): Promise<string> {
  const { stdout, stderr } = await tidefill("plan", job);
  const found = stdout.split("\n").find((each) => each.trim().split(/\s+/)[1] === question);
  if (found === undefined) throw new Error(`No line "${question}":\n${stdout}\n${stderr}`);
  return found.trim().replaceAll(/\s+/g, " ");
}

const names = "addColumn, createIndex, dropColumn, dropIndex, dropTable, rowsOf, sql, sqlStep, update";

/** The job with rows, or of steps alone, and what else it says. */
async function withRows(more = "", before = ""): Promise<void> {
  await write(
    "jobs/tidy-notes.ts",
    `import { defineSqlJob, ${names} } from "tidefill";
import { notes } from "./tables.ts";
${before}
export default defineSqlJob({
  name: "tidy-notes",
  source: rowsOf(notes),
  sink: update(notes, { body: sql\`upper(body)\` }),
  ${more}
});`,
  );
}

async function ofSteps(steps: string, more = ""): Promise<void> {
  await write(
    "jobs/tidy-notes.ts",
    `import { defineSteps, ${names} } from "tidefill";
export default defineSteps({ name: "tidy-notes", contract: [${steps}], ${more} });`,
  );
}

describe("reversible", () => {
  test("by the undo log, and where each step can be undone", async () => {
    await withRows('expand: [addColumn("notes", "size", "integer")]');
    expect(await line("reversible")).toBe(
      "✓ reversible yes: its rows by the undo log, its step can be undone",
    );
  });

  test("not without an undo log, and not where a step cannot be undone", async () => {
    await withRows("undoable: false");
    expect(await line("reversible")).toMatch(/^– reversible no: the job keeps no undo log/);
    await ofSteps('dropIndex("i"), dropColumn("notes", "old")');
    expect(await line("reversible")).toBe("– reversible cannot be undone: drop column notes.old");
  });
});

describe("a backup is not needed", () => {
  test.each([
    ["by a job that can be undone", () => withRows(), "the undo log keeps everything that is lost"],
    ["by steps that add", () => ofSteps('addColumn("notes", "n", "integer")'), "its steps destroy nothing"],
    [
      "to drop an index, which can be created again",
      () => ofSteps('dropIndex("i")'),
      "its steps destroy nothing",
    ],
    [
      "by statements that take nothing away",
      () =>
        ofSteps(
          'sqlStep({ name: "s", up: sql`create temp table w (); drop table w; update notes set old = body where id = 1`, down: null })',
        ),
      "its steps destroy nothing",
    ],
  ])("%s", async (_, make, why) => {
    await make();
    expect(await line("backup")).toBe(`✓ backup not needed: ${why}`);
  });
});

describe("a backup is needed", () => {
  const check = "Name a check of your own in the job, of the last backup that holds it: backup: { check }.";
  test("for statements of the author's own, which may reach any table", async () => {
    await ofSteps(
      'sqlStep({ name: "s", up: sql`truncate other; delete from notes where id = 1`, down: null })',
    );
    expect(await line("backup")).toBe(
      `– backup needed for truncate other, delete from notes, but missing: ${check}`,
    );
  });

  test("for what steps drop; a check of the job's own is its only backup", async () => {
    await ofSteps('dropTable("other")');
    expect(await line("backup")).toBe(`– backup needed for drop table other, but missing: ${check}`);
    await ofSteps('dropTable("other")', "backup: { check: () => true }");
    expect(await line("backup")).toBe(
      "✓ backup present for drop table other: confirmed by the job's own check",
    );
    await ofSteps('dropTable("other")', "backup: { check: () => false }");
    expect(await line("backup")).toMatch(/^– backup needed for drop table other, but missing/);
  });

  test.each([
    ["a job without an undo log", "undoable: false", "its rows"],
    ["a job declared destructive", "destructive: true", "its rows"],
    [
      "a column of the table that the job reads",
      'contract: [dropColumn("notes", "old")]',
      "drop column notes.old",
    ],
  ])("by %s, until tidefill backup has made one", async (_, more, what) => {
    await withRows(more);
    await tidefill("schema", "install");
    expect(await line("backup")).toMatch(
      new RegExp(`^– backup needed for ${what}, but missing: .*tidefill backup tidy-notes --to <dir>`),
    );
    expect(await tidefill("backup", "tidy-notes", "--to", join(project, "kept"))).toMatchObject({ code: 0 });
    expect(await line("backup")).toBe(`✓ backup present for ${what}: read back and recent enough`);
  });
});

test("performance shows what a run of the job measured", async () => {
  await withRows();
  expect(await line("performance")).toMatch(/^– performance not measured yet by a run of 1,000 rows/);
  await database.query("insert into notes select g, 'x' from generate_series(101, 1500) g; analyze notes");
  expect((await tidefill("run", "tidy-notes")).code).toBe(0);
  expect(await line("performance")).toMatch(/^✓ performance .+, by run 1$/);
});

test("integrity shows the job's integrity queries", async () => {
  await withRows();
  expect(await line("integrity")).toMatch(/^– integrity no query says what must hold/);
  await withRows(
    "integrity: [{ name: \"no note is empty\", query: sql`select id from notes where body = ''` }]",
  );
  expect(await line("integrity")).toBe("✓ integrity no note is empty");
});

describe("documented", () => {
  test.each([
    [
      "by a comment above the job",
      "",
      "// Old notes shout, since readers asked for it.",
      /^✓ documented jobs\/tidy-notes.ts: "Old notes shout, since readers asked for it."$/,
    ],
    [
      "by a doc comment above it",
      "",
      "/**\n * Old notes shout, since readers asked.\n */",
      /^✓ documented jobs\/tidy-notes.ts: "Old notes shout, since readers asked."$/,
    ],
    ["not by a placeholder that new left", "", "/** Fills notes. Say here why. */", /^– documented/],
    ["not by a comment for a tool", "", "// biome-ignore lint: it is so", /^– documented/],
    [
      "not by a comment inside the job",
      "// not as far as we know of it\n  destructive: false,",
      "",
      /^– documented/,
    ],
  ])("%s", async (_, more, before, expected) => {
    await withRows(more, before);
    expect(await line("documented")).toMatch(expected);
  });

  test("by a page of its name or a heading, not by a mention", async () => {
    await withRows();
    await write("README.md", "# Notes\n\nAfter tidy-notes all is well.\n");
    expect(await line("documented")).toMatch(/^– documented nothing explains the job/);
    await write("README.md", "# Notes\n\n## Why `tidy-notes`\n\nReaders asked.\n");
    expect(await line("documented")).toBe("✓ documented README.md, line 3");
    await write("docs/tidy-notes.md", "Readers asked.\n");
    expect(await line("documented")).toMatch(/^✓ documented (README.md, line 3|docs\/tidy-notes.md)$/);
  });
});

test("tested means that a test imports the job, not that one mentions it", async () => {
  await withRows();
  await write(
    "jobs/other.test.ts",
    '// tidy-notes is for another day\n// import job from "./tidy-notes.ts";\nconst name = "tidy-notes";',
  );
  expect(await line("tested")).toBe("– tested no test imports it: write jobs/tidy-notes.test.ts");
  await write("test/deep/notes.test.ts", 'import job from "../../jobs/tidy-notes.ts";');
  expect(await line("tested")).toBe("✓ tested test/deep/notes.test.ts imports it");
  await write(
    "test/deep/notes.test.ts",
    'import job from "../../jobs/tidy-notes.ts";\ntest("does it", { todo }, () => {});',
  );
  expect(await line("tested")).toBe("– tested test/deep/notes.test.ts imports it, but is still a todo");
});

test("alerts are rules that use tidefill's metrics", async () => {
  await withRows();
  await write("rules.yml", "groups:\n  - rules:\n      - alert: Other\n        expr: up == 0\n");
  expect(await line("alerts")).toMatch(/^– alerts no alert rule in this folder uses a tidefill_… metric/);
  await write(
    "rules.yml",
    "groups:\n  - rules:\n      - alert: Failed\n        expr: tidefill_run_state == 1\n",
  );
  expect(await line("alerts")).toBe("✓ alerts rules.yml");
});

test("a plan of rows that wait for a step says how many there may be, and at what pace", async () => {
  await withRows('expand: [addColumn("notes", "size", "integer")], pace: { rowsPerSecond: 500 },');
  const { stdout } = await tidefill("plan", "tidy-notes");
  expect(stdout).toMatch(/^ {2}rows +at most the ~100 of the table, as estimated; time and costs/m);
  expect(stdout).toMatch(/^ {2}pace +at most 500 rows\/s$/m);
});
