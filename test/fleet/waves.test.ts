import { sql } from "tidefill";
import { beforeEach, describe, expect, test } from "vitest";
import { dropItems, retryDead } from "../../src/fleet/operate/dead-items.ts";
import { readRollouts } from "../../src/fleet/queue/read-queue.ts";
import { planWaves } from "../../src/fleet/waves/plan-waves.ts";
import { labelJob, useFleet } from "./test-fleet.ts";

const names = ["t1", "t2", "t3", "t4", "t5", "t6"];
const fleet = useFleet(names);
beforeEach(() => fleet().fill(60));

const runs = async () => {
  const begun: string[] = [];
  for (const name of names) {
    const [row] = await fleet().target(name).query("select to_regclass('tidefill.run') is not null as begun");
    if (row?.begun === true) begun.push(name);
  }
  return begun;
};

test("each wave begins when all targets of the one before have succeeded and are verified", async () => {
  expect(await fleet().send("label", [], { waves: "1,50%,100%" })).toBe(1);
  const ended = await fleet().work({ jobs: [labelJob()] });
  expect(ended.map(({ name }) => name)).toEqual(names.map((name) => `label on ${name}`));
  expect(ended.every(({ words }) => words.endsWith(", verified"))).toBe(true);
  expect(await readRollouts(fleet().queue.db)).toMatchObject([
    { job: "label", state: "succeeded", wave: 2, waves: 3, targets: { succeeded: 6 } },
  ]);
});

test("waves stop at the first broken integrity query, name the target, and leave the rest untouched", {
  tags: ["promise"],
}, async () => {
  const job = labelJob("label", {
    integrity: [
      { name: "labels are short", query: sql`select from counters where id = 33 and label = 'n-33'` },
    ],
  });
  await fleet().target("t2").query("update counters set n = -33 where id = 33");
  await fleet().send("label", [], { waves: "1,50%,100%" });
  const ended = await fleet().work({ jobs: [job] });
  expect(ended.map(({ name, kind }) => `${name} ${kind}`).slice(0, 2)).toEqual([
    "label on t1 done",
    "label on t2 dead",
  ]);
  const [waves] = await readRollouts(fleet().queue.db);
  expect(waves).toMatchObject({ state: "stopped", wave: 1, message: expect.stringContaining("t2 (") });
  // The third target was in the same wave and had not begun.
  expect(await runs()).toEqual(["t1", "t2"]);
  expect(await fleet().items()).toEqual([{ queue: "dead", state: "created", target: "t2" }]);
});

describe("after waves have stopped", () => {
  const job = labelJob();
  beforeEach(async () => {
    await fleet().target("t2").query("update counters set n = -1 where id = 9");
    await fleet().send("label", [], { waves: "1,50%,100%" });
    await fleet().work({ jobs: [job] });
    expect(await readRollouts(fleet().queue.db)).toMatchObject([{ state: "stopped", wave: 1 }]);
  });

  test("they go on once the dead letter succeeds", async () => {
    const target = fleet().target("t2");
    await target.query("update counters set n = 9 where id = 9; drop schema tidefill cascade");
    await retryDead(fleet().queue, "all");
    expect(await readRollouts(fleet().queue.db)).toMatchObject([
      { state: "running", targets: { succeeded: 1, queued: 2, waiting: 3 } },
    ]);
    await fleet().work({ jobs: [job] });
    expect(await readRollouts(fleet().queue.db)).toMatchObject([
      { state: "succeeded", targets: { succeeded: 6 } },
    ]);
  });

  test("they go on without a target that an operator drops", async () => {
    await dropItems(fleet().queue, "all");
    await fleet().work({ jobs: [job] });
    expect(await readRollouts(fleet().queue.db)).toMatchObject([
      { state: "succeeded", targets: { succeeded: 5, dropped: 1 } },
    ]);
  });

  test("an operator gives them up, and can begin others", async () => {
    expect(await dropItems(fleet().queue, "label")).toMatchObject([{ target: "t2" }]);
    expect(await fleet().items()).toEqual([]);
    expect(await readRollouts(fleet().queue.db)).toMatchObject([
      { state: "replaced", targets: { failed: 1 } },
    ]);
    await fleet().target("t2").query("update counters set n = 9 where id = 9; drop schema tidefill cascade");
    await fleet().send("label", [], { waves: "100%" });
    await fleet().work({ jobs: [job] });
    expect(await readRollouts(fleet().queue.db)).toMatchObject([
      { state: "succeeded", targets: { succeeded: 6 } },
    ]);
  });

  test("a dead letter that is retried while rejects of its run wait is a dead letter again", async () => {
    await retryDead(fleet().queue, "all");
    const [ended] = await fleet().work({ jobs: [job] });
    expect(ended).toMatchObject({
      kind: "dead",
      words: expect.stringContaining("1 of its rejects wait → tidefill rejects 1 --retry"),
    });
    expect(await readRollouts(fleet().queue.db)).toMatchObject([{ state: "stopped" }]);
  });

  test("no second waves of the job begin while they run", async () => {
    await dropItems(fleet().queue, "all");
    await expect(fleet().send("label", [], { waves: "100%" })).rejects.toMatchObject({
      check: "no-rollout-is-running",
    });
  });
});

test("a run that an operator cancels stops the waves, too", async () => {
  await fleet().send("label", [], { waves: "1,100%" });
  const target = fleet().target("t1");
  await target.query("select 1");
  const stop = new AbortController();
  stop.abort();
  await fleet().control.query("select 1");
  const { runJob } = await import("tidefill");
  await runJob(labelJob(), { connectionString: target.url, signal: stop.signal });
  await target.query("update tidefill.run set status = 'paused', stop_reason = 'paused', wanted = 'paused'");
  expect(await fleet().work({ jobs: [labelJob()] })).toMatchObject([
    { kind: "done", words: expect.stringContaining("paused by an operator") },
  ]);
  expect(await readRollouts(fleet().queue.db)).toMatchObject([
    { state: "stopped", targets: { failed: 1, waiting: 5 } },
  ]);
});

test("the queue gives up an item that was tried too often, and its waves stop", async () => {
  await fleet().send("label", [], { waves: "1,100%" });
  const [job] = await fleet().queue.boss.fetch("run", { batchSize: 1 });
  await fleet().control.query("update tidefill_queue.job set retry_limit = 0 where state = 'active'");
  await fleet().queue.boss.fail("run", { id: job!.id, retryCount: job!.retryCount }, { message: "vanished" });
  await fleet().work({ jobs: [labelJob()] });
  expect(await readRollouts(fleet().queue.db)).toMatchObject([
    { state: "stopped", message: "t1 (it was tried too often)" },
  ]);
  expect(await runs()).toEqual([]);
});

test("waves are numbers or shares of all targets so far, and end with all", () => {
  const ten = Array.from({ length: 10 }, (_, at) => at);
  expect(planWaves(ten, "1,10%,100%").map(({ length }) => length)).toEqual([1, 9]);
  expect(planWaves(ten, "1,35%,100%").map(({ length }) => length)).toEqual([1, 3, 6]);
  expect(planWaves(ten, "3, 100%").flat()).toEqual(ten);
  for (const wrong of ["1,50%", "5,1,100%", "x", "0,100%", "101%", "1.5,100%"])
    expect(() => planWaves(ten, wrong)).toThrow(`"${wrong}" are no waves`);
});
