import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { runChild } from "../../child.ts";
import { connected } from "../../connected.ts";
import type { Begun, Neighbour } from "../neighbour.ts";
import { beginProcess } from "../neighbour-process.ts";

const program = fileURLToPath(new URL("../../../bin/tidefill.js", import.meta.url));
const jobs = fileURLToPath(new URL("../../jobs", import.meta.url));

/**
 * `tidefill run`, as it comes or, where it `givesWay` is false, without the signal that sees an application
 * and at the chosen pace instead.
 */
export class PacedTidefill implements Neighbour {
  readonly name: string;
  readonly #job: string;
  readonly #givesWay: boolean;

  constructor(name: string, job: string, givesWay: boolean) {
    this.name = name;
    this.#job = job;
    this.#givesWay = givesWay;
  }

  async begin(databaseUrl: string, rowsPerSecond: number | null): Promise<Begun> {
    const where = ["--jobs", jobs, "--database-url", databaseUrl];
    const begun = beginProcess([program, "run", this.#job, ...where, "--workers", "2"]);
    if (this.#givesWay) return begun;
    try {
      await Promise.race([isThere(databaseUrl), endsTooSoon(begun.ended)]);
      const pace = rowsPerSecond === null ? [] : [`rows-per-second=${rowsPerSecond}`];
      const set = [program, "set", this.#job, "ignore=processor", ...pace, ...where];
      await runChild(process.execPath, set, { isWatched: false });
      return begun;
    } catch (error) {
      await begun.kill();
      throw error;
    }
  }
}

/** A pace can be set once there is a run. @throws when there is none for a minute */
async function isThere(databaseUrl: string): Promise<void> {
  await connected(databaseUrl, async (client) => {
    const count = async (): Promise<number> => (await client.query("select from tidefill.run")).rowCount ?? 0;
    for (let look = 1; (await count().catch(() => 0)) === 0; look += 1) {
      if (look > 1_200) throw new Error("There is no run.");
      await delay(50);
    }
  });
}

async function endsTooSoon(ended: Promise<void>): Promise<never> {
  await ended;
  throw new Error("The run ended before its pace was set.");
}
