import { afterEach, expect, test } from "vitest";
import { Link } from "./link.ts";
import { increment, Machines } from "./machines.ts";
import { TestFleet } from "./test-fleet.ts";

/** The queue notices a silent worker after 15 seconds: it must be away for longer. */
const awayMs = process.env.TIDEFILL_LONG === "1" ? 60_000 : 22_000;

let machines: Machines | undefined;
let fleet: TestFleet | undefined;
let link: Link | undefined;
afterEach(async () => {
  await machines?.close();
  await link?.close();
  await fleet?.close();
});

test("while the queue's database is away, runs go on; a worker waits for it, is not ready, and writes down what it has done", async () => {
  fleet = await TestFleet.open(["t1"]);
  await fleet.fill(3_000);
  link = await Link.open(fleet.control.url);
  machines = await Machines.open(
    link.urlOf(fleet.control.url),
    { t1: fleet.target("t1").url },
    { increment: increment(20) },
  );
  await machines.run("enqueue", "increment", "--all-targets");
  const worker = machines.start(["work", "--workers", "1", "--metrics-port", "0"]);
  const target = fleet.target("t1");
  const done = async (): Promise<number> => {
    const [row] = await target.query("select count(*)::integer as rows from counters where n = id + 1");
    return row?.rows as number;
  };
  await expect.poll(done, { timeout: 60_000 }).toBeGreaterThan(0);
  link.cut();
  const before = await done();
  const [, port] = /127\.0\.0\.1:(\d+)\/metrics/.exec(machines.said.get(worker) ?? "") ?? [];
  const ready = async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).status;
  expect(await ready()).toBe(200);
  await new Promise((resolve) => setTimeout(resolve, awayMs));
  expect(await done()).toBeGreaterThan(before);
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
  if (awayMs > 30_000) expect(await ready()).toBe(503);
  link.heal();
  await expect.poll(() => fleet?.items(), { timeout: 120_000, interval: 500 }).toEqual([]);
  expect(await target.query("select from counters where n <> id + 1")).toEqual([]);
  expect(await target.query("select status from tidefill.run")).toEqual([{ status: "succeeded" }]);
  expect(machines.said.get(worker)?.match(/The queue cannot be reached/g)).toHaveLength(1);
  expect(machines.said.get(worker)?.match(/The queue can be reached again/g)).toHaveLength(1);
});
