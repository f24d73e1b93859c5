import { PgBoss, TestClock } from "pg-boss";
import { beforeEach, expect, test } from "vitest";
import type { ScheduledOrder } from "../../src/fleet/enqueue/send-due.ts";
import { addSchedule, listSchedules, parseTimes, removeSchedule } from "../../src/fleet/operate/schedules.ts";
import { labelJob, useFleet } from "./test-fleet.ts";

const fleet = useFleet(["one", "two"]);
beforeEach(() => fleet().fill(50));

const order: ScheduledOrder = {
  action: "run",
  job: "label",
  parameters: {},
  again: true,
  machines: 1,
  priority: 0,
  code: null,
  allTargets: true,
};

test("a schedule is added, listed, replaced and removed", async () => {
  await addSchedule(fleet().queue, "nightly", "0 22 * * Mon-Fri Europe/Berlin", order);
  await addSchedule(fleet().queue, "nightly", "30 23 * * * UTC", order);
  const [listed, ...rest] = await listSchedules(fleet().queue);
  expect(rest).toEqual([]);
  expect(listed).toMatchObject({ name: "nightly", cron: "30 23 * * *", zone: "UTC", order });
  expect(listed?.next[0]).toMatch(/T23:30:00/);
  await removeSchedule(fleet().queue, "nightly");
  expect(await listSchedules(fleet().queue)).toEqual([]);
  await expect(removeSchedule(fleet().queue, "nightly")).rejects.toThrow('There is no schedule "nightly".');
});

test("times need five fields and a zone", async () => {
  expect(parseTimes("0 22 * * Mon-Fri Europe/Berlin")).toEqual({
    cron: "0 22 * * Mon-Fri",
    zone: "Europe/Berlin",
  });
  expect(() => parseTimes("0 22 * * *")).toThrow("has no time zone");
  expect(() => parseTimes("0 22 * * * Mars/Olympus")).toThrow("is not a time");
  await expect(addSchedule(fleet().queue, "x", "99 22 * * * UTC", order)).rejects.toThrow("is not a time");
  await expect(addSchedule(fleet().queue, "a b", "0 22 * * * UTC", order)).rejects.toThrow(
    "cannot be the name",
  );
});

test("over a change of clocks a schedule keeps its local time, and one within the skipped hour comes due once", () => {
  const next = (cron: string, from: string) =>
    fleet()
      .queue.boss.previewSchedule(cron, { tz: "Europe/Berlin", from: new Date(from), count: 3 })
      .map((at) => at.toISOString());
  // 29 March 2026: clocks go from 2:00 to 3:00. 25 October 2026: from 3:00 back to 2:00.
  expect(next("0 22 * * *", "2026-03-28T12:00:00Z")).toEqual([
    "2026-03-28T21:00:00.000Z",
    "2026-03-29T20:00:00.000Z",
    "2026-03-30T20:00:00.000Z",
  ]);
  const skipped = next("30 2 * * *", "2026-03-28T12:00:00Z");
  expect(skipped.filter((at) => at.startsWith("2026-03-29"))).toHaveLength(1);
  const doubled = next("30 2 * * *", "2026-10-24T12:00:00Z");
  expect(new Set(doubled.map((at) => at.slice(0, 10))).size).toBe(3);
});

test("the queue itself sends what comes due in the night of a change of clocks, once a day", async () => {
  const clock = new TestClock(new Date("2026-03-28T12:00:00Z"));
  const boss = new PgBoss({
    connectionString: fleet().control.url,
    schema: "tidefill_queue",
    clock,
    schedule: true,
    supervise: false,
    migrate: false,
    registerInstance: false,
  });
  boss.on("error", () => {});
  await boss.start();
  try {
    await addSchedule(fleet().queue, "nightly", "0 22 * * * Europe/Berlin", order);
    const sent: string[] = [];
    for (const from of ["2026-03-28T20:35:00Z", "2026-03-29T19:35:00Z", "2026-03-29T20:35:00Z"]) {
      await clock.setTime(new Date(from));
      for (let minutes = 0; minutes < 40; minutes += 10) await clock.tick(600_000);
      for (const { id } of await boss.fetch("due", { batchSize: 10 })) {
        sent.push(from.slice(0, 13));
        await boss.complete("due", id);
      }
    }
    // 22:00 in Berlin is 21:00 UTC before the change, and 20:00 after it.
    expect(sent).toEqual(["2026-03-28T20", "2026-03-29T19"]);
  } finally {
    await boss.stop({ graceful: false });
    await removeSchedule(fleet().queue, "nightly");
  }
});

test("what comes due is sent once for each target, however many workers look", async () => {
  // As the queue itself does at the time of a schedule.
  await fleet().queue.boss.send("due", order);
  const ended = (await Promise.all([1, 2].map(() => fleet().work({ jobs: [labelJob()] })))).flat();
  const late = await fleet().work({ jobs: [labelJob()] });
  expect([...ended, ...late].filter(({ kind }) => kind === "done")).toHaveLength(2);
  for (const name of ["one", "two"]) expect(await fleet().labelled(name)).toBe(50);
  // A night later the job runs again, although it has succeeded.
  await fleet().target("one").query("update counters set label = null");
  await fleet().queue.boss.send("due", { ...order, allTargets: undefined, target: "one" });
  await fleet().work({ jobs: [labelJob()] });
  await fleet().work({ jobs: [labelJob()] });
  expect(await fleet().labelled("one")).toBe(50);
  expect(await fleet().target("one").query("select count(*)::integer as runs from tidefill.run")).toEqual([
    { runs: 2 },
  ]);
});
