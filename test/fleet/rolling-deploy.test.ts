import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { increment, Machines } from "./machines.ts";
import { TestFleet } from "./test-fleet.ts";

const machines: Machines[] = [];
let fleet: TestFleet | undefined;
afterEach(async () => {
  for (const each of machines.splice(0)) await each.close();
  await fleet?.close();
});

test("during a deploy the old version does what was begun with it, and the new one what was sent from it", async () => {
  fleet = await TestFleet.open(["t1", "t2"]);
  await fleet.fill(600);
  const addresses = { t1: fleet.target("t1").url, t2: fleet.target("t2").url };
  const open = async (text: string): Promise<Machines> => {
    const opened = await Machines.open(fleet!.control.url, addresses, { increment: text });
    machines.push(opened);
    return opened;
  };
  const before = await open(increment(60));
  const after = await open(`${increment(60)}// changed\n`);
  await before.run("enqueue", "increment", "--target", "t1");
  const old = before.start(["work", "--workers", "1"]);
  await expect.poll(() => before.said.get(old), { timeout: 60_000 }).toMatch(/begins +increment on t1/);
  // The new version is there, and sends more. The old worker is stopped in the middle of its run.
  await after.run("enqueue", "increment", "--target", "t2");
  await expect
    .poll(async () => (await fleet!.target("t1").query("select from counters where n = id + 1")).length, {
      timeout: 60_000,
    })
    .toBeGreaterThan(0);
  old.kill("SIGTERM");
  await new Promise((resolve) => old.once("exit", resolve));
  const fresh = after.start(["work", "--workers", "1", "--slots", "2"]);
  await expect.poll(() => after.said.get(fresh), { timeout: 60_000 }).toMatch(/done +increment on t2/);
  await expect
    .poll(() => after.said.get(fresh), { timeout: 60_000 })
    .toMatch(/refused +increment on t1: .*other files/);
  expect(await fleet.items()).toEqual([{ queue: "run", state: "created", target: "t1" }]);
  // An old worker that is still there takes up what the new one leaves.
  before.start(["work", "--workers", "1"]);
  await expect.poll(() => fleet!.items(), { timeout: 120_000, interval: 500 }).toEqual([]);
  for (const name of ["t1", "t2"])
    expect(await fleet.target(name).query("select from counters where n <> id + 1")).toEqual([]);
});

test("a file that changes under a worker changes nothing until it is started again", async () => {
  fleet = await TestFleet.open(["t1", "t2"]);
  await fleet.fill(50);
  const addresses = { t1: fleet.target("t1").url, t2: fleet.target("t2").url };
  const opened = await Machines.open(fleet.control.url, addresses, { increment: increment(1) });
  machines.push(opened);
  await opened.run("enqueue", "increment", "--target", "t1");
  const worker = opened.start(["work"]);
  await expect.poll(() => opened.said.get(worker), { timeout: 60_000 }).toMatch(/done +increment on t1/);
  await writeFile(join(opened.folder, "jobs", "increment.ts"), `${increment(1)}// changed\n`);
  await opened.run("enqueue", "increment", "--target", "t2");
  await expect.poll(() => opened.said.get(worker), { timeout: 60_000 }).toMatch(/refused +increment on t2/);
  opened.start(["work"]);
  await expect.poll(() => fleet!.items(), { timeout: 120_000, interval: 500 }).toEqual([]);
});
