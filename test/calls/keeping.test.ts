import {
  type Calls,
  defineJob,
  dryRun,
  type Job,
  later,
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
import { eraseRow } from "../../src/retention/erase-row.ts";
import { purge } from "../../src/retention/purge.ts";
import { uninstallSchema } from "../../src/store/schema/store-schema.ts";
import { withEngine } from "../database/run/small-batches.ts";
import { useDatabase } from "../support/database.ts";
import { fillNotes, notes } from "./notes.ts";

const database = useDatabase();
const connection = () => ({ connectionString: database.url });
let asked: string[] = [];

beforeEach(async () => {
  asked = [];
  await fillNotes(database, 30);
});

function answering(calls: Omit<Calls, "rowsPerCall">, personalData = false): Job {
  return defineJob({
    name: "answer-notes",
    source: rowsOf(notes, { read: ["text"], pending: sql`answer is null` }),
    calls,
    personalData,
    transform: async ({ text }) => {
      asked.push(text);
      return { answer: `re: ${text}` };
    },
    sink: update(notes, ["answer"]),
  });
}

test("a verify compares with the answers that the run kept, and makes no call", async () => {
  const job = answering({ keepAnswers: "30d" });
  await runJob(job, connection());
  expect(asked).toHaveLength(30);
  await database.query("update notes set answer = 'forged' where id = 7");
  await database.query("update notes set text = 'edited', answer = 're: edited' where id = 8");
  const report = await verifyRun(job, connection());
  expect(report).toMatchObject({ rows: { read: 29, conflicted: 1 } });
  expect(report.notCompared).toEqual([
    "1 rows, since another system gave their answers: run 1 has no answer for what they are now",
  ]);
  expect(await database.query("select key from tidefill.reject")).toEqual([{ key: ["7"] }]);
  expect(asked).toHaveLength(30);
});

test("a verify says what it did not compare where no answers are kept", async () => {
  const job = answering({});
  await runJob(job, connection());
  const report = await verifyRun(job, connection());
  expect(report).toMatchObject({ rows: { read: 0, conflicted: 0 } });
  expect(report.message).toBe("None of the 30 rows that run 1 wrote was compared.");
  expect(report.notCompared).toEqual([
    '30 rows, since another system gave their answers: calls: { keepAnswers: "30d" } in the job keeps them, from the next run on',
  ]);
  expect(asked).toHaveLength(30);
});

test("a verify after rejects were tried again finds the answers of both runs", async () => {
  let isAway = true;
  const job = defineJob({
    name: "answer-notes",
    source: rowsOf(notes, { read: ["text"], pending: sql`answer is null` }),
    calls: { keepAnswers: "30d", attempts: 1 },
    transform: async ({ id, text }) => {
      if (isAway && id <= 5n) throw new Error("away");
      return { answer: `re: ${text}` };
    },
    sink: update(notes, ["answer"]),
  });
  expect(await runJob(job, connection())).toMatchObject({ rows: { written: 25, rejected: 5 } });
  isAway = false;
  expect(await retryRejects(job, job.name, connection())).toMatchObject({ rows: { written: 5 } });
  const report = await verifyRun(job, connection());
  expect(report).toMatchObject({ rows: { read: 30, conflicted: 0 }, notCompared: [] });
});

test("an undo makes no call", async () => {
  await runJob(answering({}), connection());
  expect(await undoRun("1", connection())).toMatchObject({ rows: { written: 30 } });
  expect(asked).toHaveLength(30);
});

test("a dry run asks for real about a few rows, counts and prices the calls, and the run uses the answers", async () => {
  await database.query("drop schema if exists tidefill cascade");
  const job = answering({ cost: "0.002 USD", perSecond: 10_000, atOnce: 4 });
  const without = await dryRun(job, connection());
  expect(without.calls).toMatchObject({ made: 10, areKept: false });
  // The schema is there once anything has been run.
  await runJob(defineJobOfNothing(), connection());
  asked = [];
  const report = await dryRun(job, connection());
  expect(report).toMatchObject({
    rows: { read: 10, written: 10 },
    calls: {
      made: 10,
      failed: 0,
      cost: { amount: 0.02, currency: "USD" },
      areKept: true,
      whole: { calls: 30, cost: { amount: 0.06, currency: "USD" } },
    },
  });
  expect(await database.query("select from notes where answer is not null")).toEqual([]);
  expect((await dryRun(job, connection())).calls).toMatchObject({ made: 0 });
  expect(await runJob(job, connection())).toMatchObject({ status: "succeeded", rows: { written: 30 } });
  expect(asked.toSorted()).toEqual([...new Set(asked)].toSorted());
  expect(asked).toHaveLength(30);
  expect(await database.query("select from tidefill.dry_answer")).toEqual([]);
});

test("answers of dry runs by another transform are not used", async () => {
  await runJob(defineJobOfNothing(), connection());
  await dryRun(answering({}), connection());
  const other = defineJob({
    name: "answer-notes",
    source: rowsOf(notes, { read: ["text"], pending: sql`answer is null` }),
    calls: {},
    transform: async ({ text }) => ({ answer: `another: ${text}` }),
    sink: update(notes, ["answer"]),
  });
  await runJob(other, connection());
  expect(await database.query("select from notes where answer not like 'another: %'")).toEqual([]);
});

test("answers about persons are encrypted, need a key, and can be erased", async () => {
  const job = answering({ keepAnswers: "30d" }, true);
  await database.query("create extension if not exists pgcrypto");
  await expect(runJob(job, connection())).rejects.toThrow(/must be encrypted, and there is no key/);
  const undoKey = "a long secret of the operator";
  expect(await runJob(job, { ...connection(), undoKey })).toMatchObject({ rows: { written: 30 } });
  const [kept] = await database.query(
    "select count(*)::integer as rows, count(*) filter (where position('re: '::bytea in answer) > 0)::integer as plain from tidefill.answer_1",
  );
  expect(kept).toEqual({ rows: 30, plain: 0 });
  await database.query("delete from notes where id = 7");
  const erasure = await withEngine(database.url, (session) =>
    eraseRow(session, { table: "notes", key: ["7"] }),
  );
  expect(erasure).toMatchObject({ answers: 1 });
  expect(await database.query("select from tidefill.answer_1 where key = '{7}'")).toEqual([]);
});

test("a purge drops answers when their time is over, and those of other runs as soon as these have ended", async () => {
  await runJob(answering({ keepAnswers: "1m" }), connection());
  await database.query("update notes set answer = null");
  await runJob(answering({}), { ...connection(), again: true });
  const purged = () => withEngine(database.url, (session) => purge(session, { olderThanMs: 86_400_000 }));
  expect(await purged()).toMatchObject({ answers: 1, runs: 0 });
  expect(
    await database.query(
      "select to_regclass('tidefill.answer_1') as kept, to_regclass('tidefill.answer_2') as gone",
    ),
  ).toEqual([{ kept: "tidefill.answer_1", gone: null }]);
  await database.query("update tidefill.run set finished_at = now() - interval '2 minutes' where id = 1");
  expect(await purged()).toMatchObject({ answers: 1, runs: 0 });
  expect(await purged()).toMatchObject({ answers: 0 });
});

test("a run that began before its job had calls gets a place for answers when it is resumed", async () => {
  const before = defineJob({
    name: "answer-notes",
    source: rowsOf(notes, { read: ["text"], pending: sql`answer is null` }),
    transform: ({ text }) => ({ answer: `re: ${text}` }),
    sink: update(notes, ["answer"]),
  });
  const stop = new AbortController();
  stop.abort();
  await runJob(before, { ...connection(), signal: stop.signal });
  const job = answering({});
  expect(await resumeRun(job, job.name, { ...connection(), acceptChanges: true })).toMatchObject({
    rows: { written: 30 },
  });
  expect(asked).toHaveLength(30);
});

test("a dry run that would make a call which must not be made twice is refused", async () => {
  await expect(dryRun(answering({ effects: "at most once" }), connection())).rejects.toThrow(
    /would make its calls for real, and effects are "at most once"/,
  );
  expect(asked).toEqual([]);
});

test("an uninstalled schema leaves no table of answers behind", async () => {
  await runJob(answering({ keepAnswers: "30d" }), connection());
  await dryRun(answering({}), connection());
  await withEngine(database.url, ({ db, store }) => uninstallSchema(db, store.schema));
  expect(await database.query("select from pg_tables where schemaname = 'tidefill'")).toEqual([]);
});

test("a wait that later() cannot read is an error that names it", () => {
  expect(() => later("soon")).toThrow(/later\("soon"\) is not a time to wait/);
  expect(later("12").waitMs).toBe(12_000);
  expect(later(3).waitMs).toBe(3_000);
  expect(later("1m30s").waitMs).toBe(90_000);
  expect(later(new Date(Date.now() + 20_000).toUTCString()).waitMs).toBeGreaterThan(15_000);
  expect(later(new Date(0).toUTCString()).waitMs).toBe(0);
});

/** Installs tidefill's schema. */
function defineJobOfNothing(): Job {
  const nothing = table("notes", { key: "id", columns: { id: "bigint", seen: "integer" } });
  return defineJob({
    name: "nothing",
    source: rowsOf(nothing, { where: sql`id < 0` }),
    transform: () => ({ seen: 0 }),
    sink: update(nothing, ["seen"]),
  });
}
