import { beforeEach, expect, test } from "vitest";
import { dropItems, retryDead } from "../../src/fleet/operate/dead-items.ts";
import { readItems, readRollouts } from "../../src/fleet/queue/read-queue.ts";
import { labelJob, useFleet } from "./test-fleet.ts";

const names = ["t1", "t2", "t3"];
const fleet = useFleet(names);
const job = labelJob();
beforeEach(() => fleet().fill(40));

const poison = (name: string) => fleet().target(name).query("update counters set n = -1 where id = 9");
const mend = (name: string) =>
  fleet().target(name).query("update counters set n = 9 where id = 9; drop schema tidefill cascade");
const waves = async () => (await readRollouts(fleet().queue.db))[0];

test("waves wait for an item of the same job and target that was there before them", async () => {
  await fleet().send("label", ["t1"]);
  expect(await fleet().send("label", [], { waves: "1,100%" })).toBe(0);
  await fleet().work({ jobs: [job] });
  // The worker that looks after the queue sends what could not be sent before.
  await fleet().work({ jobs: [job] });
  expect(await waves()).toMatchObject({ state: "succeeded", targets: { succeeded: 3 } });
});

test("an item that waits for another attempt when its waves stop is not begun", async () => {
  await poison("t1");
  await fleet().send("label", [], { waves: "100%" });
  // As after an attempt that failed, because the server of the target did not answer.
  await fleet().control.query(
    "update tidefill_queue.job set state = 'retry', start_after = now() + interval '1 s' where data ->> 'target' = 't2'",
  );
  await fleet().control.query(
    "update tidefill_queue.job set start_after = now() + interval '1 s' where data ->> 'target' = 't3'",
  );
  await fleet().work({ jobs: [job] });
  expect(await waves()).toMatchObject({ state: "stopped", targets: { failed: 1, waiting: 2 } });
  expect(await fleet().items()).toEqual([{ queue: "dead", state: "created", target: "t1" }]);
  await fleet().work({ jobs: [job] });
  expect(await fleet().labelled("t2")).toBe(0);
});

test("an item that a worker gives back after its waves have stopped leaves the queue", async () => {
  await fleet().send("label", [], { waves: "100%" });
  await fleet().work({
    jobs: [],
    onBegin: (item) => {
      if (item.target === "t1")
        void fleet().control.query("update tidefill_queue.tidefill_rollout set state = 'stopped'");
    },
  });
  const left = await fleet().items();
  expect(left.filter(({ target }) => target === "t3")).toEqual([]);
});

test("with several processes a target, retry sends what is missing, and drop takes all of them", async () => {
  await poison("t1");
  await fleet().send("label", [], { waves: "1,100%", machines: 2 });
  await fleet().work({ jobs: [job] });
  expect(await waves()).toMatchObject({ state: "stopped", targets: { failed: 1 } });
  await mend("t1");
  await retryDead(fleet().queue, "all");
  await fleet().work({ jobs: [job] });
  expect(await waves()).toMatchObject({ state: "succeeded", targets: { succeeded: 3 } });
  await fleet().fill(40);
  await fleet().send("label", [], { waves: "1,100%", machines: 2 });
  const [first] = await readItems(fleet().queue.db);
  await dropItems(fleet().queue, first!.id);
  await fleet().work({ jobs: [job] });
  expect(await fleet().labelled("t1")).toBe(0);
  expect(await waves()).toMatchObject({ state: "succeeded", targets: { dropped: 1, succeeded: 2 } });
});

test("waves that an operator's pause has stopped leave a dead letter to go on with", async () => {
  const stop = new AbortController();
  await fleet().send("label", [], { waves: "1,100%" });
  stop.abort();
  const { runJob } = await import("tidefill");
  await runJob(job, { connectionString: fleet().target("t1").url, signal: stop.signal });
  await fleet()
    .target("t1")
    .query("update tidefill.run set status = 'paused', stop_reason = 'paused', wanted = 'paused'");
  await fleet().work({ jobs: [job] });
  expect(await fleet().items()).toEqual([{ queue: "dead", state: "created", target: "t1" }]);
  const { resumeRun } = await import("tidefill");
  await resumeRun(job, "1", { connectionString: fleet().target("t1").url });
  await retryDead(fleet().queue, "all");
  await fleet().work({ jobs: [job] });
  expect(await waves()).toMatchObject({ state: "succeeded", targets: { succeeded: 3 } });
});

test("a dead letter keeps the group of its target", async () => {
  fleet().options = { atOncePerGroup: 1 };
  fleet().groups = Object.fromEntries(names.map((name) => [name, "one server"]));
  for (const name of names) await poison(name);
  await fleet().send("label");
  await fleet().work({ jobs: [job] });
  await retryDead(fleet().queue, "all");
  expect(
    await fleet().control.query("select distinct group_id from tidefill_queue.job where state = 'created'"),
  ).toEqual([{ group_id: "one server" }]);
});

test("a dead letter stays while the same job and target are in the queue", async () => {
  await poison("t1");
  await fleet().send("label", ["t1"]);
  await fleet().work({ jobs: [job] });
  await fleet().send("label", ["t1"], { again: true });
  expect(await retryDead(fleet().queue, "all")).toEqual([]);
  expect((await fleet().items()).map(({ queue }) => queue).toSorted()).toEqual(["dead", "run"]);
});

test("the same job with other parameters is not taken for what waits, or for what was done", async () => {
  const tagged = labelJob("label", { parameters: { word: "text" } });
  await fleet().send("label", ["t1"], { parameters: { word: "a" } });
  await expect(fleet().send("label", ["t1"], { parameters: { word: "b" } })).rejects.toMatchObject({
    check: "same-item-is-not-queued",
  });
  await fleet().work({ jobs: [tagged] });
  await fleet().send("label", ["t1"], { parameters: { word: "b" } });
  expect(await fleet().work({ jobs: [tagged] })).toMatchObject([
    { kind: "dead", words: expect.stringContaining("has succeeded already, and has other parameters") },
  ]);
});

test("a connection whose transaction was aborted is not used again", async () => {
  const { db } = fleet().queue;
  await expect(db.executeSql("begin; select 1 / 0; commit")).rejects.toThrow("division by zero");
  for (let times = 0; times < 10; times += 1)
    expect((await db.executeSql("select 1 as one")).rows).toEqual([{ one: 1 }]);
});
