import { enqueue } from "tidefill";
import { beforeEach, expect, test } from "vitest";
import { dropItems, retryDead } from "../../src/fleet/operate/dead-items.ts";
import { readItems } from "../../src/fleet/queue/read-queue.ts";
import { createTestDatabase } from "../support/database.ts";
import { labelJob, useFleet } from "./test-fleet.ts";

const fleet = useFleet(["one", "two", "three"]);
beforeEach(() => fleet().fill(200));

test("what is enqueued twice is done once, while it waits and while it is worked on", async () => {
  expect(await fleet().send("label")).toBe(3);
  expect(await fleet().send("label")).toBe(0);
  let during = -1;
  const ended = await fleet().work({
    jobs: [labelJob()],
    onBegin: (item) => {
      if (item.target === "one")
        void fleet()
          .send("label", ["one"])
          .then((sent) => {
            during = sent;
          });
    },
  });
  expect(ended).toMatchObject([{ kind: "done" }, { kind: "done" }, { kind: "done" }]);
  expect(during).toBe(0);
  for (const name of ["one", "two", "three"]) {
    expect(await fleet().labelled(name)).toBe(200);
    expect(await fleet().target(name).query("select status from tidefill.run")).toEqual([
      { status: "succeeded" },
    ]);
  }
  // Enqueued once more, it is done already.
  expect(await fleet().send("label", ["one"])).toBe(1);
  expect(await fleet().work({ jobs: [labelJob()] })).toMatchObject([
    { kind: "done", words: "run 1 has succeeded" },
  ]);
});

test("code enqueues within its own transaction", async () => {
  const client = await fleet().control.pool.connect();
  try {
    await client.query("begin");
    expect(await enqueue(client, { job: "label", target: "one", machines: 2 })).toBe(2);
    await client.query("rollback");
    expect(await fleet().items()).toEqual([]);
    await client.query("begin");
    expect(await enqueue(client, { job: "label", target: "one" })).toBe(1);
    expect(await fleet().items()).toEqual([]);
    await client.query("commit");
  } finally {
    client.release();
  }
  expect(await fleet().items()).toEqual([{ queue: "run", state: "created", target: "one" }]);
  expect(await enqueue(fleet().control.pool, { job: "label", target: "one" })).toBe(0);
  await expect(enqueue(fleet().control.pool, { job: "label", machines: 0 })).rejects.toThrow("whole number");
});

test("without the queue's tables code is told how to install them", async () => {
  const empty = await createTestDatabase();
  try {
    await expect(enqueue(empty.pool, { job: "label" })).rejects.toMatchObject({
      code: "queue-missing",
      remedy: expect.stringContaining("schema install --queue"),
    });
  } finally {
    await empty.drop();
  }
});

test("several machines work on one run: the first starts it, the others join it", async () => {
  await fleet().fill(20_000);
  await fleet().send("label", ["one"], { machines: 3 });
  const ended = (
    await Promise.all([1, 2, 3].map(() => fleet().work({ jobs: [labelJob()], options: { workers: 1 } })))
  ).flat();
  expect(ended.map(({ kind }) => kind)).toEqual(["done", "done", "done"]);
  expect(await fleet().labelled("one")).toBe(20_000);
  expect(await fleet().target("one").query("select count(*)::integer as runs from tidefill.run")).toEqual([
    { runs: 1 },
  ]);
});

test("an item waits for its time, and a higher priority goes first", async () => {
  const later = new Date(Date.now() + 3_600_000);
  await fleet().send("label", ["one"], { startAfter: later });
  await fleet().send("label", ["two"]);
  await fleet().send("label", ["three"], { priority: 5 });
  const ended = await fleet().work({ jobs: [labelJob()] });
  expect(ended.map(({ name }) => name)).toEqual(["label on three", "label on two"]);
  const [left] = await readItems(fleet().queue.db);
  expect(left).toMatchObject({ state: "waiting", item: { target: "one" }, startAfter: later.toISOString() });
});

test("a worker serves only the targets that it is told, and leaves the rest to other workers", async () => {
  fleet().groups = { two: "shared", three: "shared" };
  await fleet().send("label");
  const ended = await fleet().work({ jobs: [labelJob()], patterns: "t*o" });
  expect(ended.filter(({ kind }) => kind === "done").map(({ name }) => name)).toEqual(["label on two"]);
  // It never touches a group without a target of its own; of a shared group it puts back what is not its own.
  expect(ended.some(({ name }) => name === "label on one")).toBe(false);
  expect(await fleet().items()).toMatchObject([
    { target: "one", state: "created" },
    { target: "three", state: "created" },
  ]);
});

test("an operator retries a dead letter by the beginning of its id, or drops it", async () => {
  await fleet().target("one").query("update counters set n = -1 where id = 7");
  await fleet().send("label", ["one"]);
  await fleet().work({ jobs: [labelJob()] });
  const [dead] = await readItems(fleet().queue.db);
  expect(dead).toMatchObject({ state: "dead", words: expect.stringContaining("1 rejected") });
  await expect(retryDead(fleet().queue, "0000zz")).rejects.toThrow("There is no dead letter 0000zz.");
  expect(await retryDead(fleet().queue, dead!.id.slice(0, 8))).toMatchObject([{ target: "one" }]);
  expect(await fleet().items()).toEqual([{ queue: "run", state: "created", target: "one" }]);
  const [waiting] = await readItems(fleet().queue.db);
  expect(await dropItems(fleet().queue, waiting!.id)).toMatchObject([{ target: "one" }]);
  expect(await fleet().items()).toEqual([]);
});

test("all pending jobs of a target are brought up in their order, and purged", async () => {
  const second = labelJob("second", { after: ["label"] });
  await fleet().send("up", ["one", "two"], { action: "up", job: null });
  const ended = await fleet().work({ jobs: [labelJob(), second] });
  expect(ended).toMatchObject([
    { name: "up on one", kind: "done", words: "done: label, second" },
    { name: "up on two", kind: "done", words: "done: label, second" },
  ]);
  await fleet().send("purge", ["one"], { action: "purge", job: null });
  expect(await fleet().work({ jobs: [] })).toMatchObject([
    { kind: "done", words: "purged 0 runs and 0 undo logs" },
  ]);
});
