import { defineJob, resumeRun, retryRejects, rowsOf, runJob, sql, update } from "tidefill";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { setPace } from "../../src/engine/control/set-pace.ts";
import { withEngine } from "../database/run/small-batches.ts";
import { useDatabase } from "../support/database.ts";
import { MockApi } from "../support/mock-api.ts";
import { answerNotes, fillNotes, notes, staleAnswers } from "./notes.ts";

const database = useDatabase();
let api: MockApi;
const connection = () => ({ connectionString: database.url });
const rejects = () => database.query("select key[1]::integer as id, reason from tidefill.reject order by 1");

beforeAll(async () => {
  api = await MockApi.open();
});
beforeEach(async () => {
  api.forget();
  api.reply = () => ({});
  await fillNotes(database, 200);
});
afterAll(() => api.close());

test("each row is asked about once, and its answer is written", { tags: ["promise"] }, async () => {
  const report = await runJob(answerNotes(api.url, { atOnce: 8 }), connection());
  expect(report).toMatchObject({ status: "succeeded", rows: { read: 200, written: 200, rejected: 0 } });
  expect(api.calls).toHaveLength(200);
  expect(new Set(api.calls.map(({ key }) => key)).size).toBe(200);
  expect(api.mostUnderWay).toBeLessThanOrEqual(8);
  expect(await staleAnswers(database)).toBe(0);
  expect(await database.query("select from tidefill.answer_1")).toEqual([]);
});

test("the answers of a run that was stopped are used by the run that goes on", async () => {
  const stop = new AbortController();
  api.reply = () => {
    if (api.calls.length === 40) setTimeout(() => stop.abort(), 5);
    return { afterMs: 20 };
  };
  const job = answerNotes(api.url, { atOnce: 8 });
  const first = await runJob(job, { ...connection(), signal: stop.signal });
  expect(first).toMatchObject({ status: "interrupted" });
  expect(await resumeRun(job, job.name, connection())).toMatchObject({
    status: "succeeded",
    rows: { written: 200 },
  });
  expect(api.doubled).toBe(0);
  expect(api.calls).toHaveLength(200);
  expect(await staleAnswers(database)).toBe(0);
});

test("a call that fails is tried again, and rejected by name after the last attempt", async () => {
  api.reply = (body, { key }) => {
    const isFirst = api.calls.filter((each) => each.key === key).length === 1;
    return body === "note 7" || (body === "note 8" && isFirst) ? { status: 500 } : {};
  };
  const report = await runJob(answerNotes(api.url, { attempts: 3 }), connection());
  expect(report).toMatchObject({ status: "succeeded", rows: { written: 199, rejected: 1 } });
  expect(await rejects()).toEqual([
    { id: 7, reason: "the call failed 3 times, the last time: the model answered 500" },
  ]);
  expect(api.calls).toHaveLength(203);
  api.reply = () => ({});
  expect(await retryRejects(answerNotes(api.url), "answer-notes", connection())).toMatchObject({
    rows: { written: 1, rejected: 0 },
  });
});

test("a call without an answer ends with its timeout, and a later answer counts for nothing", async () => {
  api.reply = (body) =>
    body === "note 3" ? { afterMs: 4_000 } : body === "note 4" ? { afterMs: Infinity } : {};
  const report = await runJob(answerNotes(api.url, { timeout: "3s", attempts: 2 }), connection());
  expect(report).toMatchObject({ status: "succeeded", rows: { written: 198, rejected: 2 } });
  expect(await rejects()).toEqual(
    [3, 4].map((id) => ({ id, reason: "the call failed 2 times, the last time: no answer within 3 s" })),
  );
});

test("429 holds all calls back for as long as the other system says, visibly, and counts no attempt", async () => {
  let told = 0;
  api.reply = () => {
    if (api.calls.length <= 50 || told >= 3) return {};
    told += 1;
    return { status: 429, headers: { "retry-after": "2" } };
  };
  const holds = new Set<string>();
  const report = await runJob(answerNotes(api.url, { atOnce: 4, attempts: 1 }), {
    ...connection(),
    onEvent: (event) => {
      if (event.type === "progress" && event.hold !== null)
        holds.add(event.hold.reason.replace(/\d+ s/, "n s"));
    },
  });
  expect(report).toMatchObject({ status: "succeeded", rows: { written: 200, rejected: 0 } });
  expect([...holds]).toContain("the other system answers 429, again in n s");
  const gaps = api.calls.slice(1).map(({ at }, index) => at - (api.calls[index]?.at ?? 0));
  expect(Math.max(...gaps)).toBeGreaterThan(1_500);
});

test("an error with status 429, as clients of APIs throw it, holds calls back, too", async () => {
  let isFirst = true;
  const job = defineJob({
    name: "answer-notes",
    source: rowsOf(notes, { read: ["text"], pending: sql`answer is null` }),
    calls: { attempts: 1 },
    transform: async ({ text }) => {
      if (!isFirst) return { answer: `re: ${text}` };
      isFirst = false;
      throw Object.assign(new Error("Too Many Requests"), { status: 429, headers: { "retry-after": "1" } });
    },
    sink: update(notes, ["answer"]),
  });
  expect(await runJob(job, connection())).toMatchObject({ rows: { written: 200, rejected: 0 } });
});

test("a batch of rows is one call, and wrong answers reject their rows and no others", async () => {
  const job = (answers: (rows: readonly { id: bigint; text: string }[]) => unknown) =>
    defineJob({
      name: "answer-notes",
      source: rowsOf(notes, { read: ["text"], pending: sql`answer is null` }),
      calls: { rowsPerCall: 10, attempts: 1 },
      transformBatch: async (rows) => answers(rows) as { answer: string }[],
      sink: update(notes, ["answer"]),
      rejectLimit: 100,
    });
  const report = await runJob(
    job((rows) => {
      const right = rows.map(({ text }) => ({ answer: `re: ${text}` }));
      const has = (id: bigint) => rows.some((row) => row.id === id);
      if (has(5n)) return right.slice(1);
      if (has(15n)) return [...right, { answer: "" }];
      if (has(25n)) return { answer: "" };
      return right.map((answer, at) => (rows[at]?.id === 33n ? "nonsense" : answer));
    }),
    connection(),
  );
  expect(report).toMatchObject({ rows: { written: 169, rejected: 31 } });
  const reasons = await database.query(
    "select reason, count(*)::integer as rows from tidefill.reject group by reason order by min(key[1]::integer)",
  );
  expect(reasons.map(({ reason, rows }) => [reason, rows])).toEqual([
    ["transformBatch returned 9 answers for 10 rows", 10],
    ["transformBatch returned 11 answers for 10 rows", 10],
    ["transformBatch returned no array", 10],
    ["the transform returned neither a row nor skip() nor reject()", 1],
  ]);
  expect(await staleAnswers(database)).toBe(0);
});

test("a row that changes while its answer is on its way is asked about again, and rejected after five times", async () => {
  let edits = 0;
  // The application edits the rows as soon as they are asked about: one of them once, the other each time.
  api.reply = async (body) => {
    if (body === "note 5") await database.query("update notes set text = 'other' where id = 5");
    if (/^note 9!*$/.test(body)) {
      edits += 1;
      await database.query("update notes set text = text || '!' where id = 9");
    }
    return { afterMs: 60 };
  };
  const report = await runJob(answerNotes(api.url), connection());
  expect(report).toMatchObject({ status: "succeeded", rows: { written: 199, rejected: 1 } });
  // Five times before it was rejected, and once more for each sweep that met it.
  expect(edits).toBeGreaterThanOrEqual(5);
  expect(await rejects()).toEqual([
    { id: 9, reason: "it changed while its answer was on its way, five times" },
  ]);
  expect(await database.query("select answer from notes where id = 5")).toEqual([{ answer: "re: other" }]);
  expect(await staleAnswers(database)).toBe(0);
  // Only the two rows that changed were asked about more than once.
  expect(api.calls).toHaveLength(198 + 2 + edits);
  // Another input is another call, so that the other system does not answer it from its memory.
  expect(new Set(api.calls.map(({ key }) => key)).size).toBe(api.calls.length);
});

test("an operator changes the limits while a run works", async () => {
  api.reply = () => ({ afterMs: 100 });
  let hasSet = false;
  const report = await runJob(answerNotes(api.url, { atOnce: 2, perSecond: 5 }), {
    ...connection(),
    onEvent: (event) => {
      if (event.type !== "call ended" || hasSet) return;
      hasSet = true;
      void withEngine(database.url, (session) =>
        setPace(session, "answer-notes", ["calls-per-second=default", "at-once=50", "calls-per-second=1000"]),
      );
    },
  });
  // At five a second it would have taken 40 seconds.
  expect(report).toMatchObject({ status: "succeeded", rows: { written: 200 } });
  expect(api.mostUnderWay).toBeGreaterThan(2);
});

test("limits of calls are refused for a run that makes none", async () => {
  const job = defineJob({
    name: "plain",
    source: rowsOf(notes, { read: ["text"], pending: sql`answer is null` }),
    transform: ({ text }) => ({ answer: `re: ${text}` }),
    sink: update(notes, ["answer"]),
  });
  const stop = new AbortController();
  stop.abort();
  await runJob(job, { ...connection(), signal: stop.signal });
  await expect(
    withEngine(database.url, (session) => setPace(session, "plain", ["at-once=3"])),
  ).rejects.toThrow(/asks no other system/);
});
