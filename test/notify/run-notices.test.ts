import { once } from "node:events";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { fillCounters, openCommandLine } from "../command-line/fixtures.ts";
import { useDatabase } from "../support/database.ts";
import type { CommandLine } from "../support/tidefill.ts";
import { until } from "../support/until.ts";
import { MockReceiver } from "./mock-receiver.ts";

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const database = useDatabase();
let tidefill: CommandLine;
let receiver: MockReceiver;

beforeAll(async () => {
  process.env.TIDEFILL_NOTIFY_SECRET = secret;
  tidefill = await openCommandLine(database);
  receiver = await MockReceiver.open();
});
beforeEach(async () => {
  receiver.forget();
  await fillCounters(database, 2_000);
});
afterAll(async () => {
  delete process.env.TIDEFILL_NOTIFY_SECRET;
  receiver.close();
  await tidefill.close();
});

const broken = `
import { addCheck, defineSteps, sql } from "tidefill";
export default defineSteps({
  name: "broken",
  expand: [addCheck("counters", "n_is_high", sql\`n > 1000000\`)],
});
`;

const notify = () => ["--notify", receiver.url];

test("a run that succeeds with rejects is told of, signed, and without a value or a key of a row", async () => {
  const { code } = await tidefill.run(
    "run",
    "label",
    "--param",
    "word=CANARY-9c1e",
    "--param",
    "poison=1234567",
    "--param",
    "poison=1234",
    ...notify(),
  );
  expect(code).toBe(4);
  expect(receiver.told.toSorted()).toEqual(["label 1: rejects", "label 1: succeeded"]);
  for (const { text, headers } of receiver.received) {
    expect(new Webhook(secret).verify(text, headers as Record<string, string>)).toBeTruthy();
    expect(() =>
      new Webhook(secret).verify(text.replace("label", "lable"), headers as Record<string, string>),
    ).toThrow();
    expect(text).not.toMatch(/CANARY|1234/);
  }
  expect(receiver.received[0]?.body).toMatchObject({
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    data: { target: null, job: "label", run: 1, report: { status: "succeeded", rows: { rejected: 1 } } },
  });
});

test("an undo that first undoes a later, empty run is told of itself", async () => {
  await tidefill.run("run", "label", "--param", "word=w");
  await tidefill.run("run", "label", "--again", "--param", "word=w");
  const { code, stderr } = await tidefill.run("undo", "1", "--yes", ...notify());
  expect(code, stderr).toBe(0);
  expect(receiver.told.toSorted()).toEqual(["label 3: succeeded", "label 4: succeeded"]);
});

test("a run that fails is told of with what to type, and once more when it fails once more", async () => {
  const words = ["--param", "word=w", "--param", "poison=7", "--reject-limit", "0"];
  expect((await tidefill.run("run", "label", ...words, ...notify())).code).toBe(1);
  expect(receiver.told.toSorted()).toEqual(["label 1: failed", "label 1: rejects"]);
  expect(receiver.received.find(({ body }) => body.type.endsWith("failed"))?.body.data).toMatchObject({
    text: expect.stringContaining("more rows were rejected than its limit allows"),
    remedy: expect.stringContaining("tidefill rejects 1"),
  });
  const [first] = receiver.received.filter(({ body }) => body.type.endsWith("failed"));
  receiver.forget();
  await tidefill.run("resume", "label", "--reject-limit", "0", ...notify());
  const again = receiver.received.find(({ body }) => body.type.endsWith("failed"));
  expect(again?.headers["webhook-id"]).toMatch(/^msg_/);
  // A receiver drops what has an id that it knows.
  expect(again?.headers["webhook-id"]).not.toBe(first?.headers["webhook-id"]);
});

test("the end of a stage is told of", async () => {
  const { code } = await tidefill.run("run", "increment", "--canary", "10%", ...notify());
  expect(code).toBe(75);
  expect(receiver.told).toEqual(["increment 1: stage-done"]);
  expect(receiver.received[0]?.body.data.remedy).toContain("tidefill resume increment");
});

test("a receiver that fails is asked again, with the same id", async () => {
  receiver.answer(500, 503);
  expect((await tidefill.run("run", "increment", ...notify())).code).toBe(0);
  expect(receiver.told).toEqual(Array(3).fill("increment 1: succeeded"));
  expect(new Set(receiver.received.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
});

test("a receiver that refuses harms no run, is named without its path, and is told by the next command", async () => {
  receiver.answer(403);
  const { code, stderr } = await tidefill.run("run", "increment", ...notify());
  expect(code).toBe(0);
  expect(stderr).toMatch(/A notice could not be delivered: 127\.0\.0\.1:\d+ answered 403\./);
  expect(stderr).not.toContain("SECRET-PATH");
  receiver.forget();
  await tidefill.run("run", "label", "--param", "word=w", ...notify());
  expect(receiver.told).toEqual(["increment 1: succeeded", "label 2: succeeded"]);
  receiver.forget();
  await tidefill.run("verify", "label", ...notify());
  expect(receiver.told).toEqual(["label 3: succeeded"]);
});

test("a redirect is not followed", async () => {
  receiver.answer(302);
  const { stderr } = await tidefill.run("run", "increment", ...notify());
  expect(stderr).toContain("answered 302");
  expect(receiver.received).toHaveLength(1);
});

test("what a killed process has not told, the next one tells: nothing is left out", {
  tags: ["promise"],
}, async () => {
  // The receiver does not answer, so that the process is killed while it tells.
  receiver.answer(null);
  const child = tidefill.start("run", "increment", ...notify());
  await until(async () => receiver.received.length === 1, { describe: "the receiver is told" });
  child.kill("SIGKILL");
  await once(child, "exit");
  await database.query("update tidefill.notice set claimed_at = claimed_at - interval '2 minutes'");
  receiver.forget();
  await tidefill.run("run", "label", "--param", "word=w", ...notify());
  expect(receiver.told).toEqual(["increment 1: succeeded", "label 2: succeeded"]);
});

test("a failure that was not told is told, though the run was resumed meanwhile", async () => {
  const words = ["--param", "word=w", "--param", "poison=7", "--reject-limit", "0"];
  receiver.answer(403);
  await tidefill.run("run", "label", ...words, ...notify());
  receiver.forget();
  expect((await tidefill.run("resume", "label", "--reject-limit", "10", ...notify())).code).toBe(4);
  expect(receiver.told.filter((each) => each.endsWith("failed"))).toEqual(["label 1: failed"]);
  expect(receiver.told).toContain("label 1: succeeded");
});

test("a receiver that hangs holds up no start, and the end of a command only for a while", async () => {
  receiver.answer(403);
  await tidefill.run("run", "label", "--param", "word=w", ...notify());
  receiver.answer(null, null, null);
  const child = tidefill.start("run", "increment", ...notify());
  await until(
    async () => (await database.query("select from tidefill.run where status = 'succeeded'")).length === 2,
    {
      describe: "the run is done though nothing was told",
    },
  );
  if (child.exitCode === null) await once(child, "exit");
  expect(child.exitCode).toBe(0);
});

test("a step that fails before there is a run is told of", async () => {
  await tidefill.write("broken.ts", broken);
  expect((await tidefill.run("run", "broken", ...notify())).code).toBe(1);
  expect(receiver.received.map(({ body }) => [body.type, body.data.job, body.data.run])).toEqual([
    ["tidefill.failed", "broken", null],
  ]);
});

test("a run whose process was killed is told of by the command that goes on with it", async () => {
  const child = tidefill.start("run", "increment", "--lease", "1s", ...notify());
  await until(
    async () =>
      (await database.query("select from tidefill.range where batches > 0").catch(() => [])).length > 0,
    { describe: "the first batch is committed" },
  );
  child.kill("SIGKILL");
  await once(child, "exit");
  await until(
    async () => JSON.parse((await tidefill.run("status", "1", "--json")).stdout).status === "interrupted",
    {
      describe: "the run is seen as interrupted",
    },
  );
  expect((await tidefill.run("resume", "increment", ...notify())).code).toBe(0);
  expect(receiver.told).toEqual(["increment 1: interrupted", "increment 1: succeeded"]);
});

test("an operator's own stop is not told of", async () => {
  const child = tidefill.start("run", "increment", ...notify());
  await until(
    async () =>
      (await database.query("select from tidefill.range where batches > 0").catch(() => [])).length > 0,
    { describe: "the first batch is committed" },
  );
  child.kill("SIGINT");
  await once(child, "exit");
  expect(receiver.told).toEqual([]);
});

test("Slack is sent a message, in which names cannot be links or mentions", async () => {
  await tidefill.run("run", "increment", "--notify-format", "slack", ...notify());
  expect(receiver.received[0]?.body).toEqual({
    text: expect.stringMatching(/^✅ increment, run 1: succeeded, 2,000 rows written \(test_\w+\)$/),
  });
});

test("what is not an address of a webhook is refused before anything begins", async () => {
  for (const url of ["hook", "file:///etc/passwd", "ftp://example.com"]) {
    const { code, stderr } = await tidefill.run("run", "increment", "--notify", url);
    expect([code, stderr]).toEqual([2, expect.stringContaining("wants the address of a webhook")]);
  }
  expect(await database.query("select to_regclass('tidefill.run') as run")).toEqual([{ run: null }]);
});
