import type { ChildProcess } from "node:child_process";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { canMakeHosts, Hosts, home } from "./hosts.ts";
import { Link } from "./link.ts";
import { increment, Machines } from "./machines.ts";
import { TestFleet } from "./test-fleet.ts";

const isLong = process.env.TIDEFILL_LONG === "1";
const databases = isLong ? 60 : 3;
/** On a machine that starts programs slowly, hosts that die without end would leave no time for work. */
const mostKills = isLong ? 50 : 8;

describe.skipIf(!canMakeHosts())("hosts as network namespaces", () => {
  let hosts: Hosts;
  let fleet: TestFleet;
  let link: Link;
  let machines: Machines;

  async function open(targets: number, rows: number, delayMs: number): Promise<void> {
    const names = Array.from({ length: targets }, (_, at) => `t${at + 1}`);
    fleet = await TestFleet.open(names);
    await fleet.fill(rows);
    link = await Link.open(fleet.control.url, home);
    const addresses = Object.fromEntries(names.map((name) => [name, link.urlOf(fleet.target(name).url)]));
    machines = await Machines.open(link.urlOf(fleet.control.url), addresses, {
      increment: increment(delayMs),
    });
  }

  beforeEach(() => {
    hosts = new Hosts(3);
    hosts.start();
  });
  afterEach(async () => {
    await machines?.close();
    hosts.stop();
    await link?.close();
    await fleet?.close();
  });

  const work = (name: string): ChildProcess =>
    machines.start(["work", "--slots", "2", "--workers", "1"], hosts.on(name));

  /** Rows that were not written exactly once, over all targets. */
  async function wrongRows(): Promise<readonly unknown[]> {
    const wrong: unknown[] = [];
    for (const [name, target] of fleet.targets)
      for (const row of await target.query("select id, n from counters where n <> id + 1"))
        wrong.push({ name, ...row });
    return wrong;
  }

  test(`a whole host dies every five seconds, and every row of ${databases} databases is written once`, async () => {
    await open(databases, 500, 200);
    expect((await machines.run("enqueue", "increment", "--all-targets")).code).toBe(0);
    const [first] = hosts.names;
    for (const name of hosts.names) work(name);
    let kills = 0;
    const failing = setInterval(() => {
      if (kills === mostKills) return;
      const name = hosts.names[kills % hosts.names.length] ?? first!;
      kills += 1;
      hosts.kill(name);
      work(name);
    }, 5_000);
    try {
      await expect
        .poll(() => fleet.items(), { timeout: isLong ? 280_000 : 240_000, interval: 1_000 })
        .toEqual([]);
    } finally {
      clearInterval(failing);
    }
    expect(kills).toBeGreaterThan(2);
    expect(await wrongRows()).toEqual([]);
    for (const target of fleet.targets.values())
      expect(await target.query("select status from tidefill.run")).toEqual([{ status: "succeeded" }]);
  });

  test("a worker that is cut off in the middle of a run and comes back writes nothing more", async () => {
    await open(1, 1_500, 10);
    await machines.run("enqueue", "increment", "--all-targets");
    const [, cutOff = "", other = ""] = hosts.names;
    const away = work(cutOff);
    const done = async (): Promise<number> => {
      const [row] = await fleet
        .target("t1")
        .query("select count(*)::integer as rows from counters where n = id + 1");
      return row?.rows as number;
    };
    await expect.poll(done, { timeout: 60_000 }).toBeGreaterThan(50);
    hosts.unplug(cutOff);
    const before = await done();
    work(other);
    await expect.poll(() => fleet.items(), { timeout: 240_000, interval: 500 }).toEqual([]);
    expect(before).toBeLessThan(1_500);
    expect(await wrongRows()).toEqual([]);
    hosts.plugIn(cutOff);
    await expect.poll(() => machines.said.get(away), { timeout: 120_000 }).toMatch(/^lost +increment on t1/m);
    expect(await wrongRows()).toEqual([]);
  });
});
