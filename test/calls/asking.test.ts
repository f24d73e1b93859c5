import { resumeRun, runJob } from "tidefill";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { MockApi } from "../support/mock-api.ts";
import { answerNotes, fillNotes, staleAnswers } from "./notes.ts";

const database = useDatabase();
let api: MockApi;
const connection = () => ({ connectionString: database.url });

beforeAll(async () => {
  api = await MockApi.open();
});
beforeEach(async () => {
  api.forget();
  api.reply = () => ({});
  await fillNotes(database, 200);
});
afterAll(() => api.close());

test("each row is asked about once, and its answer is written", async () => {
  const report = await runJob(answerNotes(api.url, { atOnce: 8 }), connection());
  expect(report).toMatchObject({ status: "succeeded", rows: { read: 200, written: 200, rejected: 0 } });
  expect(api.calls).toHaveLength(200);
  expect(api.doubled).toBe(0);
  expect(api.mostUnderWay).toBeLessThanOrEqual(8);
  expect(await staleAnswers(database)).toBe(0);
  expect(await database.query("select count(*)::integer as left from tidefill.answer_1")).toEqual([
    { left: 0 },
  ]);
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
  expect(await staleAnswers(database)).toBe(0);
});
