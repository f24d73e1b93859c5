import {
  appendFile,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as delay } from "node:timers/promises";
import {
  type ColumnType,
  defineJob,
  defineSqlJob,
  deleteFrom,
  insertInto,
  move,
  rowsOf,
  runJob,
  sql,
  table,
  update,
} from "tidefill";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type BackupReport, backupJob } from "../../../src/backup/backup-job.ts";
import type { Manifest } from "../../../src/backup/manifest.ts";
import { type RestoreOptions, restoreBackup } from "../../../src/backup/restore-backup.ts";
import type { RestoreReport } from "../../../src/backup/restore-report.ts";
import { createPool } from "../../../src/postgres/connection/create-pool.ts";
import { Database, type Transaction } from "../../../src/postgres/transaction/database.ts";
import { runCommand } from "../../support/command-host.ts";
import { useDatabase } from "../../support/database.ts";
import { emptyStore } from "../../support/empty-store.ts";
import { columnCases, columnSetup } from "../values/column-cases.ts";

const database = useDatabase();
let folder: string;
let numbered = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidefill-backup-"));
  await database.query(columnSetup);
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

const notes = table("notes", {
  key: "id",
  columns: { id: "bigint", body: "text", stars: "integer?" },
});
const archive = table("archive", { key: "id", columns: { id: "bigint", body: "text" } });

const removeNotes = defineSqlJob({
  name: "remove-notes",
  source: rowsOf(notes, { where: sql`stars < ${3}` }),
  sink: deleteFrom(notes),
  undoable: false,
});
const clearNotes = defineSqlJob({
  name: "clear-notes",
  source: rowsOf(notes),
  sink: update(notes, { body: sql`'cleared'` }),
});

beforeEach(async () => {
  await database.query(`
    ${emptyStore};
    drop table if exists notes, archive;
    create table notes (
      id bigint generated always as identity primary key,
      body text not null,
      stars integer,
      email text unique,
      length integer generated always as (length(body)) stored);
    create table archive (id bigint primary key, body text);
    insert into notes (body, stars, email)
    select 'note ' || g, g % 5, g || '@example.org' from generate_series(1, 5000) g`);
});

function directory(): string {
  numbered += 1;
  return join(folder, String(numbered));
}

async function backup(job: Parameters<typeof backupJob>[0], to = directory()): Promise<BackupReport> {
  return backupJob(job, { connectionString: database.url, directory: to });
}

async function restore(from: string, options: RestoreOptions = {}): Promise<RestoreReport> {
  const report = await restoreBackup(from, { connectionString: database.url, ...options });
  expect(report.restored + report.alreadyRight + report.conflicts + report.gone).toBe(report.rows);
  return report;
}

async function manifestOf(at: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(at, "manifest.json"), "utf8")) as Manifest;
}

async function hashOf(name: string): Promise<unknown> {
  const [row] = await database.query(`
    select count(*)::integer as rows, md5(string_agg(t::text, '|' order by t.id)) as hash
    from ${name} as t`);
  return row;
}

test("restore brings back values of every type after a delete and after an overwrite", async () => {
  const names = columnCases.map((_, index) => `c${index}`);
  const rows = Math.max(...columnCases.map(([, , ...values]) => values.length));
  const ddl = columnCases.map(([type], index) => `${names[index]} ${type}`);
  await database.query("drop table if exists everything");
  await database.query(`create table everything (id bigint primary key, ${ddl.join(", ")})`);
  for (let row = 0; row < rows; row += 1) {
    const values = columnCases.map(([, , ...literals]) => literals[row % literals.length]);
    await database.query(`insert into everything values (${row}, ${values.join(", ")})`);
  }
  const declared = Object.fromEntries(columnCases.map(([, type], index) => [names[index], type]));
  const everything = table("everything", {
    key: "id",
    columns: { id: "bigint", ...declared } as Readonly<Record<string, ColumnType>>,
  });
  const before = await hashOf("everything");

  const removal = defineSqlJob({
    name: "remove-all",
    source: rowsOf(everything),
    sink: deleteFrom(everything),
  });
  const whole = await backup(removal);
  expect(whole).toMatchObject({ rows, kind: "whole rows", verified: true, files: 1 });
  await database.query("delete from everything");
  expect(await restore(whole.directory)).toMatchObject({ restored: rows, altered: 0 });
  expect(await hashOf("everything")).toEqual(before);

  const clearing = defineJob({
    name: "clear-all",
    source: rowsOf(everything),
    transform: ({ id: _, ...row }) => row,
    sink: update(everything, names),
  });
  const touched = await backup(clearing);
  expect(touched).toMatchObject({ rows, kind: "touched columns" });
  expect(await restore(touched.directory)).toMatchObject({ alreadyRight: rows });
  await database.query(`update everything set ${names.map((name) => `${name} = null`).join(", ")}`);
  expect(await restore(touched.directory)).toMatchObject({ conflicts: rows - 1, restored: 0 });
  expect(await restore(touched.directory, { overwrite: true })).toMatchObject({
    restored: rows - 1,
    altered: 0,
  });
  expect(await hashOf("everything")).toEqual(before);
});

test("restore brings back what a job deleted, and only once", async () => {
  await backup(removeNotes, join(folder, "whole"));
  const before = await hashOf("notes");
  await runJob(removeNotes, { connectionString: database.url });
  expect(await database.query("select count(*)::integer from notes")).toEqual([{ count: 2_000 }]);
  expect(await restore(join(folder, "whole"))).toMatchObject({ rows: 3_000, restored: 3_000, conflicts: 0 });
  expect(await hashOf("notes")).toEqual(before);
  const [xmin] = await database.query("select max(xmin::text::bigint) from notes");
  expect(await restore(join(folder, "whole"))).toMatchObject({ restored: 0, alreadyRight: 3_000 });
  expect(await database.query("select max(xmin::text::bigint) from notes")).toEqual([xmin]);
});

test("a backup describes its contents, and only its owner may read it", async () => {
  const { directory: at, files, bytes, startedAt } = await backup(removeNotes);
  const manifest = await manifestOf(at);
  expect(manifest).toMatchObject({
    job: "remove-notes",
    kind: "whole rows",
    schema: "public",
    table: "notes",
    key: ["id"],
    rows: 3_000,
    bytes,
    server: { database: database.name, systemIdentifier: expect.stringMatching(/^\d+$/) },
  });
  expect(manifest.columns.map(({ name, type }) => [name, type])).toEqual([
    ["id", "bigint"],
    ["body", "text"],
    ["stars", "integer"],
    ["email", "text"],
  ]);
  expect(files).toBeGreaterThan(1);
  expect(manifest.parts.at(-1)?.bounds.through ?? null).toBeNull();
  const modes = await Promise.all(
    [".", ...(await readdir(at))].map(async (name) => (await stat(join(at, name))).mode & 0o777),
  );
  expect(new Set(modes)).toEqual(new Set([0o700, 0o600]));
  expect(modes[0]).toBe(0o700);
  const kept = await database.query(
    "select job, directory, rows::integer, bytes::integer from tidefill.backup",
  );
  expect(kept).toEqual([{ job: "remove-notes", directory: at, rows: 3_000, bytes }]);
  expect(Date.parse(startedAt)).toBeLessThanOrEqual(Date.now() + 1_000);
  expect(await database.query("select action, job from tidefill.audit")).toEqual([
    { action: "backup", job: "remove-notes" },
  ]);
});

test("rows that changed since, or whose values other rows have taken, are conflicts, listed by key", async () => {
  const { directory: at } = await backup(removeNotes);
  await database.query("delete from notes where id in (1, 2, 5)");
  await database.query("update notes set body = 'newer' where id = 10");
  await database.query("insert into notes (body, stars, email) values ('taken', 4, '2@example.org')");
  const report = await restore(at);
  expect(report).toMatchObject({ rows: 3_000, restored: 2, conflicts: 2, alreadyRight: 2_996, gone: 0 });
  expect(report.conflictKeys.flat().sort()).toEqual(["10", "2"]);
  expect(await database.query("select body from notes where id = 10")).toEqual([{ body: "newer" }]);
  expect(await restore(at, { overwrite: true })).toMatchObject({ restored: 1, conflicts: 1 });
  expect(await database.query("select body from notes where id = 10")).toEqual([{ body: "note 10" }]);
});

test("an update's backup restores only its columns, over newer values when told, and no row that is gone", async () => {
  const { directory: at } = await backup(clearNotes);
  const { columns } = await manifestOf(at);
  expect(columns.map(({ name }) => name)).toEqual(["id", "body"]);
  await runJob(clearNotes, { connectionString: database.url });
  await database.query("update notes set stars = 9 where id = 7");
  await database.query("delete from notes where id <= 3");
  const first = await restore(at);
  expect(first).toMatchObject({ rows: 5_000, conflicts: 4_997, gone: 3, restored: 0 });
  expect(first.conflictKeys).toHaveLength(100);
  expect(await restore(at, { overwrite: true })).toMatchObject({ restored: 4_997, gone: 3, altered: 0 });
  expect(await database.query("select body, stars from notes where id = 7")).toEqual([
    { body: "note 7", stars: 9 },
  ]);
  expect(await restore(at)).toMatchObject({ alreadyRight: 4_997, gone: 3, conflicts: 0 });
});

test("a damaged file or manifest is refused before anything is written", { tags: ["promise"] }, async () => {
  const { directory: at } = await backup(removeNotes);
  const { parts } = await manifestOf(at);
  await database.query("delete from notes");
  const file = join(at, parts.at(-1)?.file ?? "");
  const whole = await readFile(file);
  const flipped = Buffer.from(whole);
  flipped[40] = (flipped[40] ?? 0) ^ 1;
  for (const damage of [
    () => writeFile(file, flipped),
    () => truncate(file, whole.length - 1),
    () => rm(file),
  ]) {
    await writeFile(file, whole);
    await damage();
    await expect(restore(at)).rejects.toThrow(/is damaged: part-\d+.copy.gz/);
  }
  await writeFile(file, whole);
  const path = join(at, "manifest.json");
  const text = await readFile(path, "utf8");
  for (const damaged of [text.replace(/"rows": \d+/, '"rows": 1'), text.slice(0, 300), "{}", "null"]) {
    await writeFile(path, damaged);
    await expect(restore(at)).rejects.toMatchObject({ code: "refused" });
  }
  await rm(path);
  await expect(restore(at)).rejects.toThrow(/holds no backup/);
  expect(await hashOf("notes")).toMatchObject({ rows: 0 });
  await writeFile(path, text);
  expect(await restore(at)).toMatchObject({ restored: 3_000 });
});

test("a table that lost a column, its key or the exact values is refused", async () => {
  const { directory: at } = await backup(removeNotes);
  await database.query("alter table notes rename column stars to rating");
  await expect(restore(at)).rejects.toThrow(/no longer has a column stars/);
  await database.query("alter table notes rename column rating to stars; delete from notes");
  await database.query("alter table notes alter stars type boolean using true");
  await expect(restore(at)).rejects.toThrow(/stars was integer and is boolean/);
  await database.query("alter table notes alter stars type numeric using 1");
  expect(await restore(at)).toMatchObject({ restored: 3_000 });
  await database.query("alter table notes drop constraint notes_pkey");
  await expect(restore(at)).rejects.toThrow(/is no longer a key of public.notes/);
});

test("a row that a trigger alters while it is restored is counted as altered", async () => {
  const { directory: at } = await backup(removeNotes);
  await database.query(`
    create or replace function shout() returns trigger language plpgsql as
      $$ begin new.body := upper(new.body); return new; end $$;
    create trigger shout before insert on notes for each row execute function shout();
    delete from notes where id = 1`);
  expect(await restore(at)).toMatchObject({ restored: 1, altered: 1 });
});

test("a row that refers to a missing row stops the restore, with the constraint's name and no value", async () => {
  const { directory: at } = await backup(removeNotes);
  await database.query(`
    delete from notes;
    alter table notes add constraint to_archive foreign key (id) references archive`);
  await expect(restore(at)).rejects.toThrow(/foreign key violation, constraint to_archive, table notes/);
  const lines = await database.query("select action, details from tidefill.audit order by number");
  expect(lines.at(-1)).toMatchObject({ action: "restore", details: { restored: 0 } });
});

test("restore leaves out rows of erased persons", { tags: ["promise"] }, async () => {
  const { directory: at } = await backup(removeNotes);
  await database.query(`
    delete from notes where id <= 2;
    insert into tidefill.erased (table_name, key) values ('public.notes', array['1'])`);
  expect(await restore(at, { overwrite: true })).toMatchObject({ restored: 1, gone: 1 });
  expect(await database.query("select 1 from notes where id = 1")).toEqual([]);
});

test("a move backs up the rows that it deletes; a job that only inserts has nothing to back up", async () => {
  const away = defineSqlJob({
    name: "archive-notes",
    source: rowsOf(notes),
    sink: move(notes, insertInto(archive, { id: sql`id`, body: sql`body` })),
  });
  expect(await backup(away)).toMatchObject({ rows: 5_000, table: "public.notes", kind: "whole rows" });
  const copy = defineSqlJob({
    name: "copy-notes",
    source: rowsOf(notes),
    sink: insertInto(archive, { id: sql`id`, body: sql`body` }),
  });
  const at = directory();
  await expect(backup(copy, at)).rejects.toThrow(/only inserts/);
  await expect(readdir(at)).rejects.toThrow();
});

test("a job that overwrites conflicting rows is not told to make a backup that would lack them", async () => {
  const upsert = (more: object) =>
    defineSqlJob({
      name: "upsert-notes",
      source: rowsOf(notes),
      sink: insertInto(
        archive,
        { id: sql`id`, body: sql`body` },
        { onConflict: { target: ["id"], do: "update", columns: ["body"] } },
      ),
      ...more,
    });
  await database.query("insert into archive values (1, 'precious')");
  const connectionString = database.url;
  for (const more of [{ undoable: false }, { destructive: true }]) {
    const job = upsert(more);
    await expect(backup(job)).rejects.toMatchObject({ remedy: expect.stringContaining("backup: { check }") });
    const refused = await runJob(job, { connectionString }).catch((error: unknown) => error);
    expect(refused).toMatchObject({
      check: "backup-is-there",
      message: expect.stringContaining("rows of public.archive"),
      remedy: expect.not.stringContaining("tidefill backup"),
    });
  }
  expect(await database.query("select body from archive")).toEqual([{ body: "precious" }]);
  const checked = upsert({ undoable: false, backup: { check: async () => true } });
  expect(await runJob(checked, { connectionString })).toMatchObject({ rows: { written: 5_000 } });
});

test("a directory that is not empty is refused", async () => {
  const { directory: at } = await backup(removeNotes);
  await expect(backup(removeNotes, at)).rejects.toThrow(/is not empty/);
  expect(await restore(at)).toMatchObject({ alreadyRight: 3_000 });
});

test("a backup whose file reads back differently does not count", { tags: ["promise"] }, async () => {
  const at = directory();
  let damage: Promise<void> | undefined;
  const job = backupJob(removeNotes, {
    connectionString: database.url,
    directory: at,
    onProgress: () => {
      damage ??= truncate(join(at, "part-000001.copy.gz"), 30);
    },
  });
  await expect(job).rejects.toMatchObject({ code: "backup-not-verified" });
  await damage;
  expect(await database.query("select 1 from tidefill.backup")).toEqual([]);
});

test("rows that change during a backup are exported as of one snapshot", async () => {
  const churning = { stop: false };
  const churn = (async () => {
    while (!churning.stop) {
      await database.query("update notes set body = body || 'x' where id % 97 = floor(random() * 97)");
      await delay(5);
    }
  })();
  for (let round = 0; round < 5; round += 1)
    expect(await backup(removeNotes)).toMatchObject({ verified: true });
  churning.stop = true;
  await churn;
});

test("a connection that is cut during a backup is replaced", async () => {
  await database.query(
    "insert into notes (body, stars) select repeat(md5(g::text), 20), 1 from generate_series(1, 20000) g",
  );
  let cuts = 0;
  const report = await backupJob(removeNotes, {
    connectionString: database.url,
    directory: directory(),
    onProgress: () => {
      cuts += 1;
      if (cuts > 3) return;
      setTimeout(() => {
        database
          .query(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name like 'tidefill backup%'",
          )
          .catch(() => {});
      }, 30);
    },
  });
  expect(report).toMatchObject({ rows: 23_000, verified: true });
  await database.query("delete from notes where stars < 3");
  expect(await restore(report.directory)).toMatchObject({ restored: 23_000 });
});

test("a full file system ends the backup, and no connection stays behind", async () => {
  const at = directory();
  const job = backupJob(removeNotes, {
    connectionString: database.url,
    directory: at,
    // The second file cannot be written where a directory stands.
    onProgress: () =>
      void import("node:fs").then((fs) => fs.mkdirSync(join(at, "part-000002.copy.gz"), { recursive: true })),
  });
  await expect(job).rejects.toThrow(/EISDIR/);
});

test("a personal job's values appear neither in the manifest nor in the statements that the server shows", async () => {
  const secret = "canary-7351";
  const job = defineSqlJob({
    name: "forget-notes",
    parameters: { body: "text" },
    source: ({ parameters }) => rowsOf(notes, { where: sql`body <> ${parameters.body}` }),
    sink: deleteFrom(notes),
    personalData: true,
  });
  const at = directory();
  const seen: unknown[] = [];
  const report = await backupJob(job, {
    connectionString: database.url,
    directory: at,
    parameters: { body: secret },
    onProgress: () =>
      void database
        .query(
          "select query from pg_stat_activity where datname = current_database() and application_name like 'tidefill%'",
        )
        .then((rows) => seen.push(rows)),
  });
  expect(report).toMatchObject({ personalData: true, rows: 5_000 });
  const audit = await database.query("select details from tidefill.audit");
  for (const place of [await readFile(join(at, "manifest.json"), "utf8"), seen, audit, report]) {
    expect(JSON.stringify(place)).not.toContain(secret);
  }
});

test("a destructive job starts only with a recent verified backup", async () => {
  const run = () => runJob(removeNotes, { connectionString: database.url, again: true });
  await expect(run()).rejects.toMatchObject({ code: "refused", check: "backup-is-there" });
  expect(await hashOf("notes")).toMatchObject({ rows: 5_000 });
  await backup(removeNotes);
  expect(await run()).toMatchObject({ status: "succeeded", rows: { written: 3_000 } });
  await database.query("update tidefill.backup set started_at = started_at - interval '25 hours'");
  await expect(run()).rejects.toThrow(/its last verified backup is 25 hours old/);
});

/** What happens to a backup between its making and the run, and the reason in the refusal. */
const losses: readonly (readonly [string, (at: string) => Promise<unknown>, RegExp])[] = [
  ["whose directory is gone", (at) => rm(at, { recursive: true }), /it is not there/],
  ["without its manifest", (at) => rm(join(at, "manifest.json")), /its manifest is missing/],
  [
    "with an altered manifest",
    (at) => appendFile(join(at, "manifest.json"), "x"),
    /its manifest was changed/,
  ],
  ["that lost a file", async (at) => rm(join(at, await lastPart(at))), /part-\d+.copy.gz missing or changed/],
  ["with a truncated file", async (at) => truncate(join(at, await lastPart(at)), 20), /missing or changed/],
  [
    "replaced by a different backup",
    async (at) => {
      await rm(at, { recursive: true });
      await rename((await backup(clearNotes)).directory, at);
    },
    /holds another backup/,
  ],
];

async function lastPart(at: string): Promise<string> {
  return (await readdir(at)).filter((name) => name.startsWith("part-")).at(-1) ?? "";
}

test.each(losses)("a backup %s unlocks nothing", async (_, lose, reason) => {
  const { directory: at } = await backup(removeNotes);
  await lose(at);
  const refused = await runJob(removeNotes, { connectionString: database.url }).catch(
    (error: unknown) => error,
  );
  expect(refused).toMatchObject({
    check: "backup-is-there",
    remedy: expect.stringContaining("Put it back"),
  });
  expect(String(refused)).toMatch(reason);
  expect(String(refused)).toContain(at);
  expect(await hashOf("notes")).toMatchObject({ rows: 5_000 });
  // An older backup that is whole suffices.
  await database.query("update tidefill.backup set started_at = started_at + interval '1 hour'");
  await backup(removeNotes);
  expect(await runJob(removeNotes, { connectionString: database.url })).toMatchObject({
    status: "succeeded",
  });
});

test("a check of the author's own replaces a backup", async () => {
  const checked = (answer: boolean) =>
    defineSqlJob({
      name: "remove-checked",
      source: rowsOf(notes, { where: sql`stars < 3` }),
      sink: deleteFrom(notes),
      destructive: true,
      backup: { check: async () => answer },
    });
  await expect(runJob(checked(false), { connectionString: database.url })).rejects.toMatchObject({
    check: "backup-is-there",
  });
  expect(await runJob(checked(true), { connectionString: database.url })).toMatchObject({
    rows: { written: 3_000 },
  });
});

test("the command line asks before it restores, and exits with 4 when something is left", async () => {
  const type = (...words: readonly string[]) =>
    runCommand({
      parameters: [...words, "--database-url", database.url],
      cwd: process.cwd(),
      env: { ...process.env, NO_COLOR: "1" },
    });
  expect(await type("backup")).toMatchObject({ code: 2, stderr: expect.stringMatching(/Name the job/) });
  expect(await type("backup", "remove-notes")).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/needs a directory/),
  });
  const { directory: at } = await backup(removeNotes);
  await database.query("delete from notes where id = 1; update notes set body = 'newer' where id = 2");
  expect(await type("backup", "restore", at)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/no terminal to confirm/),
  });
  expect(await hashOf("notes")).toMatchObject({ rows: 4_999 });
  expect(await type("backup", "restore", at, "--yes")).toMatchObject({ code: 4 });
  expect(await type("backup", "restore", at, "--yes", "--overwrite")).toMatchObject({ code: 0 });
  expect(await type("backup", "restore", "--yes")).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/An argument is missing: tidefill backup/),
  });
});

test("a backup keeps odd names, partitions, a key of several columns and an identity that is generated always", async () => {
  await database.query(`
    drop schema if exists "Odd ""One" cascade;
    create schema "Odd ""One";
    create table "Odd ""One"."T.able" (
      "K""ey" numeric, at timestamptz, number bigint generated always as identity, "select" numeric(8, 2)[],
      doubled bigint generated always as (2) stored,
      primary key ("K""ey", at)
    ) partition by range (at);
    create table "Odd ""One".old partition of "Odd ""One"."T.able" for values from (minvalue) to ('2024-06-01');
    create table "Odd ""One".new partition of "Odd ""One"."T.able" for values from ('2024-06-01') to (maxvalue);
    insert into "Odd ""One"."T.able" ("K""ey", at, "select")
    select g % 7, timestamptz '2024-01-01 00:00+00' + g * interval '1 hour 1 microsecond', array[g, null]
    from generate_series(1, 7000) g`);
  const odd = table('"Odd ""One"."T.able"', {
    key: ['K"ey', "at"],
    columns: { 'K"ey': "numeric", at: "timestamptz", select: "text?" },
  });
  const job = defineSqlJob({
    name: "odd",
    source: rowsOf(odd, { where: sql`"T.able".at > ${"2024-02-01 00:00+00"}` }),
    sink: deleteFrom(odd),
    undoable: false,
  });
  const hash = () =>
    database.query(
      `select md5(string_agg(t::text, '|' order by t.number)), count(*) from "Odd ""One"."T.able" as t`,
    );
  const before = await hash();
  const { directory: at, rows } = await backup(job);
  await database.query(`alter database ${database.name} set timezone = 'Asia/Kathmandu'`);
  expect(await runJob(job, { connectionString: database.url })).toMatchObject({ rows: { written: rows } });
  expect(await restore(at)).toMatchObject({ restored: rows, altered: 0 });
  expect(await hash()).toEqual(before);
  await database.query(`update "Odd ""One"."T.able" set "K""ey" = round("K""ey", 3) where at > '2024-08-01'`);
  // The same key in other bytes.
  const blind = await restore(at);
  expect(blind.conflicts).toBeGreaterThan(1_000);
  expect(await restore(at, { overwrite: true })).toMatchObject({ restored: blind.conflicts, conflicts: 0 });
  expect(await hash()).toEqual(before);
});

test("a copy that fails on either side leaves no unusable connection", async () => {
  const db = new Database(
    createPool({ connectionString: database.url, applicationName: "tidefill copy", maxConnections: 1 }),
  );
  const many = sql`copy (select g, repeat('x', 500) from generate_series(1, 100000) g) to stdout`;
  const into = sql`copy archive from stdin`;
  const failures: readonly ((tx: Transaction) => Promise<void>)[] = [
    (tx) => tx.copyOut(many, async () => Promise.reject(new Error("reader"))),
    (tx) => tx.copyOut(many, async () => {}),
    (tx) =>
      tx.copyOut(many, (rows) =>
        pipeline(rows, new Writable({ write: (_, __, done) => done(new Error("disk")) })),
      ),
    (tx) => tx.copyOut(sql`copy (select 1 / (50000 - g) from generate_series(1, 60000) g) to stdout`, drain),
    (tx) => tx.copyOut(sql`copy nowhere to stdout`, drain),
    (tx) =>
      tx.copyOut(many, (rows) => {
        void database.query(
          "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'tidefill copy'",
        );
        return drain(rows);
      }),
    (tx) => tx.copyIn(into, async () => Promise.reject(new Error("writer"))),
    (tx) => tx.copyIn(into, async () => {}),
    (tx) => tx.copyIn(into, (rows) => pipeline(Readable.from(["1\ta\n", "no number\n"]), rows)),
    (tx) => tx.copyIn(sql`copy nowhere from stdin`, (rows) => pipeline(Readable.from(["1\n"]), rows)),
    (tx) =>
      tx.copyIn(into, (rows) =>
        pipeline(async function* () {
          yield "1\ta\n";
          throw new Error("source");
        }, rows),
      ),
    (tx) =>
      tx.copyIn(into, (rows) =>
        pipeline(async function* () {
          yield "1\ta\n";
          await database.query(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'tidefill copy'",
          );
          for (let line = 2; line < 50_000; line += 1) yield `${line}\t${"x".repeat(500)}\n`;
        }, rows),
      ),
  ];
  try {
    for (const [at, fail] of failures.entries()) {
      const began = performance.now();
      await expect(db.transaction(fail), `failure ${at}`).rejects.toThrow();
      expect(performance.now() - began, `failure ${at}`).toBeLessThan(10_000);
      expect(await db.query(sql`select count(*) from archive`)).toMatchObject({ rows: [{ count: "0" }] });
    }
  } finally {
    await db.close();
  }
});

async function drain(rows: Readable): Promise<void> {
  await pipeline(rows, new Writable({ write: (_, __, done) => done() }));
}
