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
  readonly what: string;
  readonly #job: string;
  readonly #givesWay: boolean;

  constructor(name: string, what: string, job: string, givesWay: boolean) {
    this.name = name;
    this.what = what;
    this.#job = job;
    this.#givesWay = givesWay;
  }

  async begin(databaseUrl: string, rowsPerSecond: number | null): Promise<Begun> {
    const where = ["--jobs", jobs, "--database-url", databaseUrl];
    const begun = beginProcess([program, "run", this.#job, ...where, "--workers", "2"]);
    if (this.#givesWay) return begun;
    await Promise.race([isThere(databaseUrl), begun.ended]);
    const pace = rowsPerSecond === null ? [] : [`rows-per-second=${rowsPerSecond}`];
    await runChild(process.execPath, [program, "set", this.#job, "ignore=processor", ...pace, ...where], {
      isWatched: false,
    });
    return begun;
  }
}

/** A pace can be set once there is a run. */
async function isThere(databaseUrl: string): Promise<void> {
  await connected(databaseUrl, async (client) => {
    const count = async (): Promise<number> => (await client.query("select from tidefill.run")).rowCount ?? 0;
    while ((await count().catch(() => 0)) === 0) await delay(50);
  });
}
