import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { fillCounters, increment, openCommandLine } from "../command-line/fixtures.ts";
import type { TestDatabase } from "../support/database.ts";
import { type CommandLine, type Outcome, outcomeOf } from "../support/tidefill.ts";
import { until } from "../support/until.ts";

/** One run of a job in two processes, one after the other, with their metrics on one port. */
export class ScrapedRun {
  readonly target: string;
  readonly #database: TestDatabase;
  readonly #tidefill: CommandLine;
  readonly #first: ChildProcessWithoutNullStreams;
  readonly #firstOutcome: Promise<Outcome>;

  private constructor(database: TestDatabase, tidefill: CommandLine, port: string) {
    this.#database = database;
    this.#tidefill = tidefill;
    this.target = `127.0.0.1:${port}`;
    this.#first = tidefill.start("run", "increment", "--metrics-port", port);
    this.#firstOutcome = outcomeOf(this.#first);
  }

  static async start(database: TestDatabase): Promise<ScrapedRun> {
    await fillCounters(database, 90_000);
    // One row in a thousand is refused, so that there are halved batches and rejects.
    await database.query("alter table counters add check (n < 1 or id % 1000 <> 0)");
    const tidefill = await openCommandLine(database);
    // Always slightly throttled, and with calls that cost, so that the metrics of both have values.
    const watched = `sink: update(counters, ["n"]),
  calls: { atOnce: 500, cost: "0.0001 USD" },
  throttles: [functionThrottle({ name: "load of the test", max: 10, read: () => 6 })],`;
    await tidefill.write(
      "increment.ts",
      increment
        .replace('sink: update(counters, ["n"]),', watched)
        .replace("defineJob,", "defineJob, functionThrottle,"),
    );
    return new ScrapedRun(database, tidefill, String(await freePort()));
  }

  /**
   * Interrupts the run, resumes it, and returns a page served while it ran. The run cannot end before
   * `hasSeenEnough` has resolved.
   */
  async interruptAndResume(hasSeenEnough: () => Promise<void>): Promise<string> {
    const application = await this.#database.pool.connect();
    try {
      await application.query("begin");
      await application.query("select from counters where id = 89999 for update");
      await this.#written(20_000);
      const page = await (await fetch(`http://${this.target}/metrics`)).text();
      this.#first.kill("SIGTERM");
      await this.#firstOutcome;
      const port = this.target.split(":")[1] ?? "";
      const outcome = outcomeOf(this.#tidefill.start("resume", "increment", "--metrics-port", port));
      await hasSeenEnough();
      await application.query("rollback");
      const { code, stderr } = await outcome;
      if (code !== 4) throw new Error(`The run ended with exit code ${code}: ${stderr}`);
      return page;
    } finally {
      application.release(true);
    }
  }

  async stop(): Promise<void> {
    await this.#tidefill.close();
  }

  async #written(rows: number): Promise<void> {
    await until(
      async () => {
        const [row] = await this.#database.query(
          "select coalesce(sum(rows_written), 0)::integer as written from tidefill.range",
        );
        if (Number(row?.written) >= rows) return true;
        if (this.#first.exitCode === null && this.#first.signalCode === null) return false;
        throw new Error(`The first process ended early: ${(await this.#firstOutcome).stderr}`);
      },
      { describe: `${rows} rows written`, timeoutMs: 240_000 },
    );
  }
}

/** A port on which no program listens. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("A TCP server has no port.");
  return address.port;
}
