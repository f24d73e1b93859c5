import { setTimeout as delay } from "node:timers/promises";
import { defineJob, dryRun, type Job, later, rowsOf, runJob, sql, update } from "tidefill";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { eraseRow } from "../../src/retention/erase-row.ts";
import { withEngine } from "../database/run/small-batches.ts";
import { useDatabase } from "../support/database.ts";
import { MockApi } from "../support/mock-api.ts";
import { answerNotes, fillNotes, notes } from "./notes.ts";

const database = useDatabase();
let api: MockApi;
const connection = () => ({ connectionString: database.url });
const undoKey = "a long secret of the operator";

beforeAll(async () => {
  api = await MockApi.open();
});
beforeEach(async () => {
  api.forget();
  api.reply = () => ({});
  await fillNotes(database, 60);
});
afterAll(() => api.close());

type Asked = { readonly id: bigint; readonly text: string };

/** A job whose transform may do anything. */
function asking(transform: (note: Asked) => unknown, personalData = false): Job {
  return defineJob({
    name: "answer-notes",
    source: rowsOf(notes, { read: ["text"], pending: sql`answer is null` }),
    calls: { attempts: 1, keepAnswers: "30d" },
    personalData,
    transform: async (note) => (await transform(note)) as { answer: string },
    sink: update(notes, ["answer"]),
  });
}

test("a call that failed is no answer: neither a dry run nor a run takes it for one", async () => {
  const stop = new AbortController();
  stop.abort();
  // Installs the schema, so that answers of dry runs are kept.
  await runJob(
    asking(() => ({ answer: "" })),
    { ...connection(), signal: stop.signal },
  );
  await database.query("update tidefill.run set status = 'cancelled', finished_at = now()");
  api.reply = () => ({ status: 401 });
  const job = answerNotes(api.url, { attempts: 1 });
  expect(await dryRun(job, connection())).toMatchObject({ rows: { rejected: 10 } });
  api.reply = () => ({});
  expect(await dryRun(job, connection())).toMatchObject({ rows: { rejected: 0 }, calls: { made: 10 } });
  expect(await runJob(job, connection())).toMatchObject({ rows: { written: 60, rejected: 0 } });
});

test("an answer about a row that was erased meanwhile is not kept", async () => {
  await database.query("create extension if not exists pgcrypto");
  let tell = (): void => {};
  const isAsked = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const job = asking(async ({ id, text }) => {
    if (id === 7n) {
      tell();
      await delay(1_500);
    }
    return { answer: `re: ${text}` };
  }, true);
  const run = runJob(job, { ...connection(), undoKey });
  await isAsked;
  await database.query("delete from notes where id = 7");
  await withEngine(database.url, (session) => eraseRow(session, { table: "notes", key: ["7"] }));
  expect(await run).toMatchObject({ rows: { written: 59 } });
  expect(await database.query("select from tidefill.answer_1 where key = '{7}'")).toEqual([]);
});

test("a wait of nothing, again and again, does not become a flood of calls", async () => {
  const stop = new AbortController();
  let calls = 0;
  const job = asking(() => {
    calls += 1;
    return later("0s");
  });
  setTimeout(() => stop.abort(), 2_000);
  expect(await runJob(job, { ...connection(), signal: stop.signal })).toMatchObject({
    status: "interrupted",
  });
  expect(calls).toBeLessThan(500);
});

test("errors and answers that throw when they are looked at reject their rows and no others", async () => {
  const hostile = {
    get status(): number {
      throw new Error("no status");
    },
  };
  const job = asking(({ id, text }) => {
    if (id === 5n) throw hostile;
    if (id === 6n) throw null;
    return { answer: `re: ${text}` };
  });
  expect(await runJob(job, connection())).toMatchObject({ rows: { written: 58, rejected: 2 } });
});

test("the words of a wait about persons are neither stored nor shown, and are cut and cleaned for all", async () => {
  await database.query("create extension if not exists pgcrypto");
  let isFirst = true;
  const holds = new Set<string>();
  const job = (personalData: boolean): Job =>
    asking(({ text }) => {
      if (!isFirst) return { answer: `re: ${text}` };
      isFirst = false;
      return later("2s", `knows ${text}\u001b[2J\n`.padEnd(300, "!"));
    }, personalData);
  const onEvent = (event: { readonly type: string; readonly hold?: unknown }): void => {
    if (event.type === "progress" && event.hold != null) holds.add((event.hold as { reason: string }).reason);
  };
  await runJob(job(true), { ...connection(), undoKey, onEvent });
  expect([...holds].join()).toMatch(/the other system asks to wait, again in \d+ s/);
  expect([...holds].join()).not.toContain("note");
  expect(await database.query("select calls_wait from tidefill.run")).toEqual([
    { calls_wait: "asks to wait" },
  ]);
  await database.query("update notes set answer = null");
  isFirst = true;
  await runJob(job(false), { ...connection(), again: true });
  const [row] = await database.query("select calls_wait as why from tidefill.run where id = 2");
  expect(row?.why).toMatch(/^knows note \d+ \[2J !+$/);
  expect(String(row?.why).length).toBeLessThanOrEqual(100);
});

test("a wait that lasts for decades is cut to a day", async () => {
  const stop = new AbortController();
  const job = asking(() => {
    setTimeout(() => stop.abort(), 500);
    throw Object.assign(new Error("busy"), { status: 429, headers: { "retry-after": "1767225600" } });
  });
  await runJob(job, { ...connection(), signal: stop.signal });
  const [row] = await database.query(
    "select extract(epoch from calls_after - now())::float8 / 3600 as hours from tidefill.run",
  );
  expect(row?.hours).toBeGreaterThan(20);
  expect(row?.hours).toBeLessThan(25);
});

test("an error names the code of its cause, and a mistake in the job's code is not tried again", async () => {
  const refused = defineJob({
    name: "answer-notes",
    source: rowsOf(notes, { read: ["text"], pending: sql`answer is null`, where: sql`id = 1` }),
    calls: { attempts: 1 },
    transform: async () => {
      await fetch("http://127.0.0.1:59999");
      return { answer: "" };
    },
    sink: update(notes, ["answer"]),
  });
  await runJob(refused, connection());
  expect(await database.query("select reason from tidefill.reject")).toEqual([
    { reason: expect.stringMatching(/^the call failed: fetch failed \(E[A-Z]+\)$|bad port/) },
  ]);
  let calls = 0;
  const mistaken = defineJob({
    name: "mistaken",
    source: rowsOf(notes, { read: ["text"], pending: sql`answer is null`, where: sql`id = 2` }),
    calls: { attempts: 5 },
    transform: () => {
      calls += 1;
      return later("soon");
    },
    sink: update(notes, ["answer"]),
  });
  await runJob(mistaken, connection());
  // Once in the run, and not five times.
  expect(calls).toBe(1);
});

test.each([
  [{ atonce: 40 }, /has no option `atonce`/],
  [true, /must be an object, got true/],
  [{ perSecond: 0 }, /must be a number above 0/],
  [{ cost: "cheap" }, /must be a number and a currency/],
  [{ effects: "at most once", attempts: 3 }, /allows 3 attempts, and effects "at most once"/],
  [{ rowsPerCall: 10 }, /a transform and `rowsPerCall`/],
])("calls: %j is refused with what is wrong", (calls, message) => {
  expect(() => answerNotes(api.url, calls as object)).toThrow(message);
});

test("sockets that break, or go silent in the middle of an answer, cost an attempt and no row", async () => {
  const seen = new Map<string, number>();
  api.reply = (body) => {
    const times = (seen.get(body) ?? 0) + 1;
    seen.set(body, times);
    if (times > 1) return {};
    return body.endsWith("3") ? { socket: "half" } : body.endsWith("7") ? { socket: "reset" } : {};
  };
  const job = answerNotes(api.url, { attempts: 3, timeout: "2s" });
  expect(await runJob(job, connection())).toMatchObject({
    status: "succeeded",
    rows: { written: 60, rejected: 0 },
    calls: { made: 72, failed: 12 },
  });
  expect(await database.query("select from notes where answer is distinct from 're: ' || text")).toEqual([]);
});
