import type { Socket } from "node:net";
import pg from "pg";
import { afterEach, beforeAll, beforeEach, expect } from "vitest";
import { type TestDatabase, useDatabase } from "../support/database.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { until } from "../support/until.ts";

/** A table `marks (id)` in the test file's own database, and a new proxy before it for each test. */
export class ProxyFixture {
  readonly database: TestDatabase = useDatabase();
  readonly #clients: pg.Client[] = [];
  #proxy: FaultProxy | undefined;

  constructor() {
    beforeAll(async () => {
      await this.database.query("create table marks (id integer primary key)");
    });
    beforeEach(async () => {
      const { hostname, port } = new URL(this.database.url);
      this.#proxy = await FaultProxy.start({ host: hostname, port: Number(port || 5432) });
    });
    afterEach(async () => {
      await this.proxy.stop();
      expect(this.proxy.connections).toBe(0);
      await Promise.all(this.#clients.splice(0).map((client) => client.end().catch(() => {})));
      await this.database.query("truncate marks");
    });
  }

  get proxy(): FaultProxy {
    if (this.#proxy === undefined) throw new Error("The proxy exists only inside tests.");
    return this.#proxy;
  }

  /** A client through the proxy, closed after the test. */
  async open(options: pg.ClientConfig = {}): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.proxy.url(this.database.url), ...options });
    client.on("error", () => {});
    this.#clients.push(client);
    await client.connect();
    return client;
  }

  /** The marks in the table, read without the proxy. */
  async marks(): Promise<unknown[]> {
    return (await this.database.query("select id from marks order by id")).map((row) => row.id);
  }

  /** The marks after the backend has ended, so that they are final. */
  async marksAfter(pid: number): Promise<unknown[]> {
    await until(async () => (await this.activity(pid)) === undefined, { describe: "the end of the backend" });
    return await this.marks();
  }

  /** The backend's row of pg_stat_activity, while it lives. */
  async activity(pid: number): Promise<Record<string, unknown> | undefined> {
    const rows = await this.database.query("select state, wait_event from pg_stat_activity where pid = $1", [
      pid,
    ]);
    return rows[0];
  }
}

export function socketOf(client: pg.Client): Socket {
  return (client as unknown as { connection: { stream: Socket } }).connection.stream;
}

export async function pidOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query("select pg_backend_pid() as pid");
  return rows[0].pid;
}

/** "done", or the error's code, or else its message. */
export async function outcome(work: Promise<unknown>): Promise<unknown> {
  return await work.then(
    () => "done",
    (error: NodeJS.ErrnoException) => error.code ?? error.message,
  );
}

/** A typed message of the wire protocol. */
export function message(type: string, body: string | Buffer): Buffer {
  const header = Buffer.alloc(5);
  header.write(type);
  header.writeUInt32BE(Buffer.byteLength(body) + 4, 1);
  return Buffer.concat([header, Buffer.from(body as string)]);
}
