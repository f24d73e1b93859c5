import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { createSampleSchool } from "../../src/cli/demo/create-sample-school.ts";
import { Page } from "../documents/markdown.ts";
import { useDatabase } from "../support/database.ts";
import { MockApi } from "../support/mock-api.ts";
import { CommandLine, outcomeOf } from "../support/tidefill.ts";
import { until } from "../support/until.ts";

const database = useDatabase();
const essays = 2_000;
const kills = 4;
let tidefill: CommandLine;
let api: MockApi;

/** A relay made of a job: what docs/other-systems.md says of it in words. */
const relay = `
import { defineJob, later, rowsOf, sql, table, update } from "tidefill";

const outbox = table("core_outbox", {
  key: "id",
  columns: { id: "bigint", about: "bigint", payload: "jsonb", sent_at: "timestamptz?" },
});

export default defineJob({
  name: "send-outbox",
  parameters: { hook: "text" },
  source: rowsOf(outbox, { read: ["about", "payload"], pending: sql\`sent_at is null\` }),
  calls: { atOnce: 8 },
  transform: async ({ id, about, payload }, { parameters, signal }) => {
    const answer = await fetch(parameters.hook, {
      method: "POST",
      signal,
      headers: { "Idempotency-Key": "outbox-" + id },
      body: JSON.stringify({ about: String(about), payload }),
    });
    if (answer.status === 429) return later(answer.headers.get("retry-after") ?? "1s", "answers 429");
    if (!answer.ok) throw new Error("the hook answered " + answer.status);
    return { sent_at: new Date().toISOString() };
  },
  sink: update(outbox, ["sent_at"]),
});
`;

/** The complete job of the page, as a user copies it. */
function jobOfPage(name: string): string {
  const block = new Page("docs/other-systems.md")
    .code("ts")
    .find((text) => text.startsWith(`// jobs/${name}.ts\n`));
  if (block === undefined) throw new Error(`docs/other-systems.md has no job ${name}.`);
  return block;
}

beforeAll(async () => {
  api = await MockApi.open();
  tidefill = await CommandLine.open(database.url, {
    "announce-grades.ts": jobOfPage("announce-grades"),
    "send-outbox.ts": relay,
  });
});
beforeEach(async () => {
  api.forget();
  api.reply = () => ({});
  for (const schema of ["tidefill", "public"])
    await database.query(`drop schema if exists ${schema} cascade`);
  await database.query("create schema public");
  await createSampleSchool(database.pool, { essays });
  await database.query("update essay_submission_essay set feedback = 'Grade ' || id % 3");
});
afterEach(() => tidefill.killAll());
afterAll(async () => {
  await tidefill.close();
  await api.close();
});

/** Each message takes its time, so that a kill meets a batch half-way. */
async function slowDown(): Promise<void> {
  await database.query(`
    create function wait() returns trigger language plpgsql as
    $$ begin perform pg_sleep(0.002); return new; end $$`);
  await database.query(
    "create trigger wait before insert on core_outbox for each row execute function wait()",
  );
}

async function count(query: string): Promise<number> {
  const [row] = await database.query(`select count(*)::integer as count ${query}`);
  return Number(row?.count);
}

/** Starts a command, and stops its process once `isDue`, a random moment later. */
async function stopped(
  signal: "SIGKILL" | "SIGTERM",
  isDue: () => Promise<boolean>,
  ...parameters: readonly string[]
): Promise<void> {
  const child = tidefill.start(...parameters, "--workers", "2", "--lease", "1s");
  const ended = outcomeOf(child);
  await until(async () => child.exitCode !== null || isDue(), { describe: "a run that is half-way" });
  await delay(Math.random() * 100);
  child.kill(signal);
  const { code, stderr } = await ended;
  expect([child.signalCode, code], stderr).toEqual(signal === "SIGKILL" ? ["SIGKILL", null] : [null, 75]);
}

/** Lets a run end. No conflict: had a message been written twice, the second one would count as one. */
async function goOn(job: string): Promise<void> {
  const { code, value } = await tidefill.json("resume", job, "--lease", "1s");
  expect([code, value.status]).toEqual([0, "succeeded"]);
  expect(value.rows).toMatchObject({ written: essays, conflicted: 0, rejected: 0 });
}

/** Each essay with feedback has one message, which says what its feedback is; and there is no other one. */
async function requireEachOnce(): Promise<void> {
  expect(await count("from core_outbox")).toBe(essays);
  expect(
    await count(`
      from essay_submission_essay as essay
      join core_outbox on about = essay.id
        and topic = 'essay graded'
        and payload = jsonb_build_object('student', student_id::text, 'feedback', feedback)`),
  ).toBe(essays);
}

test("each message is in the outbox once, however often the run is killed", async () => {
  await slowDown();
  let before = 0;
  for (let kill = 0; kill < kills; kill++) {
    const isFurther = async () => (await count("from core_outbox")) > before;
    await stopped("SIGKILL", isFurther, kill === 0 ? "run" : "resume", "announce-grades");
    before = await count("from core_outbox");
  }
  expect(before).toBeLessThan(essays);
  await stopped(
    "SIGTERM",
    async () => (await count("from core_outbox")) > before,
    "resume",
    "announce-grades",
  );
  await database.query("drop trigger wait on core_outbox");
  await goOn("announce-grades");
  await requireEachOnce();
});

test("a second run announces nothing twice, and an undo takes back what is not sent", async () => {
  expect((await tidefill.run("run", "announce-grades")).code).toBe(0);
  const { value } = await tidefill.json("run", "announce-grades", "--again");
  expect(value.rows).toMatchObject({ written: 0, conflicted: essays });
  await requireEachOnce();
  await database.query("update core_outbox set sent_at = now() where about <= 10");
  await tidefill.run("undo", "1", "--yes");
  expect(await count("from core_outbox")).toBe(10);
});

test("a relay sends each message at least once, and a repeated one under its own number", async () => {
  expect((await tidefill.run("run", "announce-grades")).code).toBe(0);
  api.reply = () => ({ afterMs: 5 });
  const isFurther = (from: number) => async () => api.calls.length > from + 200;
  await stopped("SIGKILL", isFurther(0), "run", "send-outbox", "--param", `hook=${api.url}`);
  await stopped("SIGKILL", isFurther(api.calls.length), "resume", "send-outbox");
  await goOn("send-outbox");
  expect(await count("from core_outbox where sent_at is null")).toBe(0);
  const bodies = new Map<string, Set<string>>();
  for (const { key, body } of api.calls) bodies.set(key, (bodies.get(key) ?? new Set()).add(body));
  expect(bodies.size).toBe(essays);
  expect([...bodies.values()].every(({ size }) => size === 1)).toBe(true);
  expect(new Set([...bodies.values()].flatMap((each) => [...each])).size).toBe(essays);
});
