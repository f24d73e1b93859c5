import pg from "pg";
import { createPool } from "../../src/postgres/connection/create-pool.ts";
import { Database } from "../../src/postgres/transaction/database.ts";
import { ProbeConnection } from "../../src/postgres/transaction/probe-connection.ts";
import { until } from "./until.ts";

/** Sessions of tidefill and of applications on one server, opened by a test and all ended by `close`. */
export class Sessions {
  readonly #url: string;
  #open: { end(): Promise<void> }[] = [];

  constructor(url: string) {
    this.#url = url;
  }

  /** A session that asks as a run's signals do. */
  probe(url = this.#url): ProbeConnection {
    const db = new Database(
      createPool({ connectionString: url, applicationName: "tidefill onlooker", maxConnections: 1 }),
    );
    this.#open.push({ end: () => db.close() });
    return new ProbeConnection(db);
  }

  async open(applicationName: string): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.#url, application_name: applicationName });
    client.on("error", () => {});
    await client.connect();
    this.#open.push(client);
    return client;
  }

  /** Runs a statement that must wait for a lock; resolves when it waits. */
  async waiting(applicationName: string, statement: string): Promise<void> {
    const client = await this.open(applicationName);
    const { rows } = await client.query("select pg_backend_pid() as pid");
    client.query(statement).catch(() => {});
    const observer = await this.open("observer");
    const waits = async (): Promise<boolean> => {
      const found = await observer.query(
        "select from pg_stat_activity where pid = $1 and state = 'active' and wait_event_type = 'Lock'",
        [rows[0].pid],
      );
      return found.rows.length === 1;
    };
    await until(waits, { describe: `${applicationName} waits for a lock` });
    await observer.end();
  }

  async close(): Promise<void> {
    const open = this.#open.toReversed();
    this.#open = [];
    for (const each of open) await each.end();
  }
}
