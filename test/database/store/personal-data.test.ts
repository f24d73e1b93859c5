import { randomUUID } from "node:crypto";
import {
  defineJob,
  defineSqlJob,
  deleteFrom,
  insertInto,
  move,
  reject,
  resumeRun,
  retryRejects,
  rowsOf,
  runJob,
  sql,
  table,
  undoRun,
  update,
  verifyRun,
} from "tidefill";
import { beforeEach, expect, test } from "vitest";
import { encryptionOf } from "../../../src/engine/undo-log/encryption.ts";
import type { Database } from "../../../src/postgres/transaction/database.ts";
import { eraseRow } from "../../../src/retention/erase-row.ts";
import { useDatabase } from "../../support/database.ts";
import { emptyStore } from "../../support/empty-store.ts";
import { until } from "../../support/until.ts";
import { withEngine } from "../run/small-batches.ts";

const database = useDatabase();
const undoKey = `undo-${randomUUID()}`;
const canary = `CANARY-${randomUUID()}`;
const options = { undoKey, workers: 2 };

const person = table("school.person", {
  key: "id",
  columns: { id: "integer", name: "text", email: "text?", note: "text?" },
});
const archive = table("school.archive", { key: "id", columns: { id: "integer", name: "text" } });

const anonymise = defineSqlJob({
  name: "anonymise",
  personalData: true,
  source: rowsOf(person, {}),
  sink: update(person, { name: sql`'nobody'`, email: sql`null` }),
});
const close = defineSqlJob({
  name: "close-accounts",
  personalData: true,
  source: rowsOf(person, {}),
  sink: deleteFrom(person),
});
const remove = defineSqlJob({ name: "remove", source: rowsOf(person, {}), sink: deleteFrom(person) });
const archiving = defineSqlJob({
  name: "archive",
  source: rowsOf(person, {}),
  sink: move(person, insertInto(archive, { name: sql`name` })),
});

beforeEach(async () => {
  await database.query(`
    ${emptyStore};
    drop schema if exists school cascade;
    create extension if not exists pgcrypto;
    create schema school;
    create table school.person (id integer primary key, name text not null, email text unique, note text);
    create table school.archive (id integer generated always as identity (start with 100) primary key, name text);
    insert into school.person select g, 'person ' || g, g || '@example.org', 'note ' || g from generate_series(1, 9) g`);
  await database.query(
    "update school.person set name = $1 || ' name', email = $1 || '@x.org', note = $1 || ' note' where id = 7",
    [canary],
  );
});

const run = (job: Parameters<typeof runJob>[0]) =>
  runJob(job, { ...options, connectionString: database.url, again: true });
const undo = (number: number) => undoRun(String(number), { ...options, connectionString: database.url });
const erase = (key: readonly string[], tableName = "school.person", by?: readonly string[]) =>
  withEngine(database.url, (session) => eraseRow(session, { table: tableName, key, by }));
const persons = () => database.query("select id, name, email, note from school.person order by id");
/** Every table of tidefill's as text, with the encrypted values of the undo logs decrypted. */
async function dump(): Promise<string> {
  return withEngine(database.url, async ({ db }) => {
    const tables = await database.query(
      "select relname as name from pg_class where relnamespace = 'tidefill'::regnamespace and relkind = 'r' order by 1",
    );
    const texts = await Promise.all(tables.map(({ name }) => dumpTable(db, String(name))));
    return texts.join("\n");
  });
}

async function dumpTable(db: Database, name: string): Promise<string> {
  const columns = await database.query(
    "select attname as name, atttypid = 'bytea'::regtype as encrypted from pg_attribute where attrelid = ('tidefill.' || $1)::regclass and attnum > 0",
    [name],
  );
  const isLog = name.startsWith("undo_");
  const { password } = isLog
    ? await encryptionOf(db, BigInt(name.slice("undo_".length)), undoKey)
    : { password: "" };
  const list = columns.map((column) =>
    isLog && column.encrypted ? `pgp_sym_decrypt("${column.name}", $1)` : `"${column.name}"::text`,
  );
  const rows = await database.query(
    `select concat_ws(' | ', ${list.join(", ")}) as line from tidefill.${name} where $1::text is not null`,
    [password],
  );
  return [name, ...rows.map(({ line }) => String(line))].join("\n");
}

test("erase takes one person out of encrypted images of updates and deletes, and no undo brings them back", {
  tags: ["promise"],
}, async () => {
  const first = await run(anonymise);
  const second = await run(close);
  expect(await dump()).toContain(canary);
  const erasure = await erase(["007"]);
  expect(erasure).toMatchObject({
    table: "school.person",
    images: 2,
    rejects: 0,
    isStillThere: false,
    outOfReach: [],
  });
  expect(await dump()).not.toContain(canary);
  expect(await database.query("select table_name, key from tidefill.erased")).toEqual([
    { table_name: "school.person", key: ["7"] },
  ]);
  const back = await undo(second.run);
  expect(back.rows).toMatchObject({ read: 9, written: 8, conflicted: 0, skipped: 1 });
  const names = await undo(first.run);
  expect(names.rows).toMatchObject({ read: 9, written: 8, conflicted: 0, skipped: 1 });
  const there = await persons();
  expect(there.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6, 8, 9]);
  expect(there[0]).toMatchObject({ name: "person 1", email: "1@example.org" });
  expect(
    await database.query("select key, reason from tidefill.reject where run_id = $1", [back.run]),
  ).toEqual([{ key: ["7"], reason: "erased" }]);
});

test("a person whose row was anonymised stays anonymous after an undo", async () => {
  const { run: number } = await run(anonymise);
  expect(await erase(["7"])).toMatchObject({ images: 1, isStillThere: true });
  await undo(number);
  expect(await dump()).not.toContain(canary);
  const [seventh] = (await persons()).filter(({ id }) => id === 7);
  expect(seventh).toMatchObject({ name: "nobody", email: null });
});

test("erase waits for a batch of an undo that has read the person's image", async () => {
  const { run: number } = await run(close);
  const batch = await database.pool.connect();
  try {
    await batch.query(`begin; select count(*) from tidefill.undo_${number}`);
    const erasing = erase(["7"]);
    await until(
      async () =>
        (await database.query("select from pg_locks where not granted and mode = 'AccessExclusiveLock'"))
          .length > 0,
      { describe: "erase to wait" },
    );
    await batch.query("insert into school.person values (7, 'restored'); commit");
    expect(await erasing).toMatchObject({ images: 1 });
  } finally {
    batch.release();
  }
});

test("backups that may hold the row are listed; those of jobs on other tables are not", async () => {
  await database.query(
    "create table school.other (id integer primary key); insert into school.other values (1)",
  );
  const other = table("school.other", { key: "id", columns: { id: "integer" } });
  await run(defineSqlJob({ name: "elsewhere", source: rowsOf(other, {}), sink: deleteFrom(other) }));
  await run(close);
  for (const job of ["elsewhere", "close-accounts", "never-run"]) {
    await database.query(
      "insert into tidefill.backup (job, directory, scope_fingerprint, rows, bytes, started_at, verified_at) values ($1, 'backups/' || $1, 'these rows', 1, 1, now(), now())",
      [job],
    );
  }
  expect((await erase(["7"])).backups).toEqual(["backups/close-accounts", "backups/never-run"]);
});

test("a second erase finds nothing more", async () => {
  await run(close);
  await erase(["7"]);
  expect(await erase(["7"])).toMatchObject({ images: 0, rejects: 0 });
});

test("a row is erased under any spelling of its key, and the audit does not name it", async () => {
  await database.query(`
    create table school.reading (at timestamptz, sensor numeric, value text, primary key (at, sensor));
    insert into school.reading values ('2024-05-01 12:00+00', 7.0, '${canary}'), ('2024-05-01 12:00+00', 8, 'other')`);
  const readings = table("school.reading", {
    key: ["at", "sensor"],
    columns: { at: "timestamptz", sensor: "numeric" },
  });
  const { run: number } = await run(
    defineSqlJob({ name: "forget", source: rowsOf(readings, {}), sink: deleteFrom(readings) }),
  );
  const erasure = await erase(["2024-05-01T14:00:00+02:00", "7"], "school.reading");
  expect(erasure.images).toBe(1);
  expect(await dump()).not.toContain(canary);
  expect((await undo(number)).rows).toMatchObject({ written: 1, skipped: 1 });
  const [line] = await database.query("select details from tidefill.audit where action = 'erase'");
  expect(line).toEqual({
    details: { table: "school.reading", images: 1, rejects: 0, reasons: 0, answers: 0 },
  });
});

test("a moved row is erased by its new key and by its old one", async () => {
  const { run: number } = await run(archiving);
  const [moved] = await database.query("select id from school.archive where name like 'CANARY%'");
  expect(await erase([String(moved!.id)], "school.archive")).toMatchObject({ images: 1, isStillThere: true });
  expect(await dump()).not.toContain(canary);
  expect(await database.query("select table_name, key from tidefill.erased order by table_name")).toEqual([
    { table_name: "school.archive", key: [String(moved!.id)] },
    { table_name: "school.person", key: ["7"] },
  ]);
  expect(await erase(["3"])).toMatchObject({ images: 1 });
  expect((await undo(number)).rows).toMatchObject({ written: 7, skipped: 2 });
  expect((await persons()).map(({ id }) => id)).toEqual([1, 2, 4, 5, 6, 8, 9]);
});

test("erasing a moved row erases its earlier images", async () => {
  const { run: number } = await run(
    defineSqlJob({
      name: "shout",
      source: rowsOf(person, {}),
      sink: update(person, { note: sql`'none'` }),
    }),
  );
  await run(archiving);
  const [moved] = await database.query("select id from school.archive where name like 'CANARY%'");
  expect(await erase([String(moved!.id)], "school.archive")).toMatchObject({ images: 2 });
  expect(await dump()).not.toContain(canary);
  expect((await undo(number)).rows).toMatchObject({ written: 0, skipped: 9 });
});

test("rejects under the key are erased, and only their reason where their table is unknown", async () => {
  const failing = (name: string, undoable: boolean) =>
    defineJob({
      name,
      undoable,
      backup: { check: () => true },
      source: rowsOf(person, { read: ["name"] }),
      transform: (row) => {
        if (row.id === 7) throw new Error(`cannot do ${row.name}`);
        return { name: "done" };
      },
      sink: update(person, ["name"]),
    });
  await run(failing("with-log", true));
  await run(failing("without-log", false));
  expect(await dump()).toContain(canary);
  expect(await erase(["7"])).toMatchObject({ images: 0, rejects: 1, reasons: 1 });
  expect(await dump()).not.toContain(canary);
  expect(await database.query("select key, reason from tidefill.reject")).toEqual([
    { key: ["7"], reason: "erased" },
  ]);
});

test("images that jobs keep under another key are reported, and erased by that key", async () => {
  const byMail = table("school.person", { key: "email", columns: { email: "text" } });
  await database.query("alter table school.person alter column email set not null");
  const { run: number } = await run(
    defineSqlJob({ name: "by-mail", source: rowsOf(byMail, {}), sink: deleteFrom(byMail) }),
  );
  expect(await erase(["7"])).toMatchObject({ images: 0, outOfReach: [{ run: number, by: ["email"] }] });
  expect(await erase([`${canary}@x.org`], "school.person", ["email"])).toMatchObject({
    images: 1,
    outOfReach: [],
  });
  const log = await database.query(`select old_2 from tidefill.undo_${number} where old_1 is null`);
  expect(log).toEqual([{ old_2: null }]);
});

test("erase is refused while an unfinished run could store the row again, but not once the row is gone", async () => {
  await run(anonymise);
  await database.query("update tidefill.run set status = 'paused', finished_at = null");
  await expect(erase(["7"])).rejects.toMatchObject({ code: "refused", check: "no-run-keeps-the-row" });
  await database.query("delete from school.person where id = 7");
  expect(await erase(["7"])).toMatchObject({ images: 1, isStillThere: false });
  expect(await dump()).not.toContain(canary);
});

test.each([
  [["7"], "school.nobody", /no table school.nobody/],
  [["7", "8"], "school.person", /\(id\): 1 values, got 2/],
  [[`x${randomUUID()}`], "school.person", /does not fit its column's type/],
  [["7"], "school.keyless", /no primary key/],
])("erase %j of %s is refused as wrong usage", async (key, tableName, message) => {
  await run(remove);
  await database.query("create table school.keyless (id integer)");
  const error: Error = await erase(key, tableName).then(
    () => new Error("it was not refused"),
    (cause) => cause,
  );
  expect(error).toMatchObject({ code: "usage", message: expect.stringMatching(message) });
  expect(error.message).not.toContain(key[0]!.length > 5 ? key[0] : "nothing");
});

test("the parameters of a run about persons are encrypted, and decrypted by resume, verify and undo", async () => {
  const stop = new AbortController();
  let isForgiving = false;
  const rename = defineJob({
    name: "rename",
    personalData: true,
    parameters: { word: "text" },
    source: rowsOf(person, { read: ["name"] }),
    transform: ({ id }, { parameters }) => {
      if (id === 2) stop.abort();
      return id === 3 && !isForgiving ? reject("not yet") : { name: `${parameters.word} ${id}` };
    },
    sink: update(person, ["name"]),
  });
  const keys = { connectionString: database.url, undoKey };
  const wrong = [
    { connectionString: database.url, undoKey: "another key of some length" },
    { connectionString: database.url },
  ];
  const refusedWithout = async (work: (options: (typeof wrong)[number]) => Promise<unknown>) => {
    for (const each of wrong)
      await expect(work(each)).rejects.toMatchObject({ check: "undo-log-is-encrypted" });
  };
  // One worker: a second one might find the run finished before it hears of the stop.
  const begun = await runJob(rename, {
    ...keys,
    parameters: { word: canary },
    signal: stop.signal,
    workers: 1,
  });
  expect(begun.status).toBe("interrupted");
  const kept = () => database.query("select parameters::text from tidefill.run order by id");
  expect(JSON.stringify(await kept())).not.toContain(canary);
  await refusedWithout((each) => resumeRun(rename, "rename", each));
  expect(await resumeRun(rename, "rename", keys)).toMatchObject({
    status: "succeeded",
    rows: { rejected: 1 },
  });
  await refusedWithout((each) => verifyRun(rename, each));
  expect(await verifyRun(rename, keys)).toMatchObject({ status: "succeeded", rows: { conflicted: 0 } });
  isForgiving = true;
  await refusedWithout((each) => retryRejects(rename, "rename", each));
  expect(await retryRejects(rename, "1", keys)).toMatchObject({ status: "succeeded", rows: { written: 1 } });
  expect(await database.query("select name from school.person order by id")).toEqual(
    Array.from({ length: 9 }, (_, index) => ({ name: `${canary} ${index + 1}` })),
  );
  expect(await kept()).toHaveLength(3);
  expect(JSON.stringify(await kept())).not.toContain(canary);
});

test("a verify of a job that has never run encrypts its parameters too; without a key they stay readable", async () => {
  const forget = defineSqlJob({
    name: "forget",
    personalData: true,
    undoable: false,
    parameters: { word: "text" },
    backup: { check: async () => true },
    source: rowsOf(person, {}),
    sink: ({ parameters }) => update(person, { name: sql`${parameters.word}` }),
  });
  const parameters = { word: canary };
  const connectionString = database.url;
  const kept = async () =>
    JSON.stringify(await database.query("select parameters from tidefill.run order by id desc limit 1"));
  await verifyRun(forget, { connectionString, undoKey, parameters });
  expect(await kept()).not.toContain(canary);
  await runJob(forget, { connectionString, undoKey, parameters });
  expect(await kept()).not.toContain(canary);
  await runJob(forget, { connectionString, parameters, again: true });
  expect(await kept()).toContain(canary);
  expect(await verifyRun(forget, { connectionString })).toMatchObject({ rows: { conflicted: 0 } });
});
