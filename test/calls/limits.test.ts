import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { AskingProcess } from "../crash/programs/asking-process.ts";
import { useDatabase } from "../support/database.ts";
import { MockApi } from "../support/mock-api.ts";
import { fillNotes, staleAnswers } from "./notes.ts";

const database = useDatabase();
let api: MockApi;

beforeAll(async () => {
  api = await MockApi.open();
});
beforeEach(() => {
  api.forget();
  api.reply = () => ({ afterMs: 50 });
});
afterAll(() => api.close());

test("three processes together keep to the calls a second of the job, within a tenth", {
  timeout: 120_000,
}, async () => {
  const perSecond = 30;
  await fillNotes(database, 900);
  const start = () => new AskingProcess({ url: database.url, api: api.url, atOnce: 16, perSecond });
  const first = start();
  const processes = [first, start(), start()];
  await Promise.all(processes.map(({ ended }) => ended));
  expect(processes.map(({ last }) => last.status ?? last.check)).toContain("succeeded");
  // A lease that a busy machine lets run out costs calls that were under way.
  expect(new Set(api.calls.map(({ body }) => body)).size).toBe(900);
  expect(await staleAnswers(database)).toBe(0);
  // The middle of the run: at its ends only some of the processes are at work.
  const middle = api.calls.slice(300, 750);
  const seconds = ((middle.at(-1)?.at ?? 0) - (middle[0]?.at ?? 0)) / 1_000;
  const rate = (middle.length - 1) / seconds;
  console.info(`${rate.toFixed(1)} calls a second of ${perSecond}`);
  // A limit is never passed; a busy machine may stay below it.
  expect(rate).toBeLessThan(perSecond * 1.1);
  // In no second are there more than a tenth too many, and a call that a process had to spare.
  for (const { at } of middle)
    expect(middle.filter((each) => each.at >= at && each.at < at + 1_000).length).toBeLessThanOrEqual(
      perSecond * 1.1 + processes.length * 4,
    );
});
