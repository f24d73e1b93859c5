import type { ChildProcess } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Machines } from "../fleet/machines.ts";
import { TestFleet } from "../fleet/test-fleet.ts";
import { until } from "../support/until.ts";
import { freePort } from "./scraped-run.ts";

/**
 * Always slightly throttled, and with calls that cost, so that the metrics of both have values. The call for a
 * row labelled `held` goes on while the file of that name is there.
 */
const fill = `
import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { defineJob, functionThrottle, rowsOf, table, update } from "tidefill";
const counters = table("counters", { key: "id", columns: { id: "bigint", n: "integer", label: "text?" } });
export default defineJob({
  name: "fill",
  source: rowsOf(counters, { read: ["n", "label"] }),
  transform: async ({ n, label }) => {
    do await delay(2); while (label === "held" && existsSync("held"));
    return { n: n + 1 };
  },
  sink: update(counters, ["n"]),
  calls: { atOnce: 500, cost: "0.0001 USD", timeout: "10m" },
  throttles: [functionThrottle({ name: "load of the test", max: 10, read: () => 6 })],
});
`;

const rows = 20_000;

/**
 * A fleet of two workers and three targets. A job goes over them in two waves. In the second one target fails,
 * and the run of the other one cannot end before it may.
 */
export class ScrapedFleet {
  readonly ports: readonly number[];
  readonly #fleet: TestFleet;
  readonly #machines: Machines;
  readonly #workers: readonly ChildProcess[];

  private constructor(fleet: TestFleet, machines: Machines, ports: readonly number[]) {
    this.#fleet = fleet;
    this.#machines = machines;
    this.ports = ports;
    this.#workers = ports.map((port) =>
      machines.start(["work", "--slots", "1", "--metrics-port", String(port)]),
    );
  }

  static async start(): Promise<ScrapedFleet> {
    const fleet = await TestFleet.open(["eu-1", "eu-2", "us-1"]);
    await fleet.fill(rows);
    const addresses = Object.fromEntries([...fleet.targets].map(([name, { url }]) => [name, url]));
    const machines = await Machines.open(fleet.control.url, addresses, { fill });
    return new ScrapedFleet(fleet, machines, [await freePort(), await freePort()]);
  }

  get addresses(): readonly string[] {
    return this.ports.map((port) => `127.0.0.1:${port}`);
  }

  /** Sends the job; resolves when one target is done, one has failed and one is at work, until `seen` resolves. */
  async work(seen: () => Promise<void>): Promise<void> {
    await this.#fleet.target("us-1").query("alter table counters rename to hidden");
    await this.#fleet.target("eu-2").query(`update counters set label = 'held' where id = ${rows - 1}`);
    const held = join(this.#machines.folder, "held");
    await writeFile(held, "");
    try {
      const sent = await this.#machines.run(
        "enqueue",
        "fill",
        "--all-targets",
        "--waves",
        "1,100%",
        "--soak",
        "0s",
      );
      if (sent.code !== 0) throw new Error(sent.text);
      await this.#until("eu-1 is done", /done +fill on eu-1/);
      await this.#until("us-1 has failed", /dead +fill on us-1/);
      await this.#until("eu-2 has begun", /begins +fill on eu-2/);
      await seen();
      await rm(held);
      await this.#until("eu-2 is done", /done +fill on eu-2/);
    } finally {
      await rm(held, { force: true });
    }
  }

  async stop(): Promise<void> {
    await this.#machines.close();
    await this.#fleet.close();
  }

  #said(): string {
    return this.#workers.map((worker) => this.#machines.said.get(worker) ?? "").join("");
  }

  async #until(describe: string, words: RegExp): Promise<void> {
    try {
      await until(async () => words.test(this.#said()), { describe, timeoutMs: 120_000 });
    } catch (cause) {
      throw new Error(`The workers said: ${this.#said()}`, { cause });
    }
  }
}
