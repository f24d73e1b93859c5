import pg from "pg";
import type { PgBoss } from "pg-boss";
import { TidefillError } from "../../errors.ts";
import type { ConnectionPool } from "../../postgres/connection/connection-pool.ts";
import { type Address, createPool } from "../../postgres/connection/create-pool.ts";
import { loadPgBoss } from "./pg-boss.ts";
import { queueSchema, queues, queueTables } from "./queue-tables.ts";

/** Runs a statement; pg-boss runs its own ones with it, too. */
export interface QueueDb {
  // biome-ignore lint/suspicious/noExplicitAny: the type of pg-boss
  executeSql(text: string, values?: readonly unknown[]): Promise<{ rows: any[] }>;
}

/** A client of `pg`, or anything with the same method: it may be in a transaction of the caller. */
export interface QueryingClient {
  // biome-ignore lint/suspicious/noExplicitAny: rows as the caller's client reads them
  query(text: string, values?: any[]): Promise<{ rows: any[] }>;
}

/** What a process does with the queue besides sending and reading. */
interface QueueRole {
  /** whether it looks for workers that have vanished, and for schedules that have come due */
  readonly supervises: boolean;
  readonly name?: string;
}

/** A worker that is silent for so long has lost its item. The least that pg-boss allows is 10. */
const heartbeatSeconds = 15;
/** The longest that pg-boss allows; a worker that has an item for longer hands it over. */
const expireInSeconds = 86_400;
const forever = 10 * 365 * 86_400;

/** The queue of a fleet: items for workers, in the tables of pg-boss in one database. */
export class Queue {
  readonly boss: PgBoss;
  readonly db: QueueDb;
  readonly #pool: ConnectionPool;
  /** whether its tables were missing */
  readonly #isNew: boolean;

  private constructor(boss: PgBoss, db: QueueDb, pool: ConnectionPool, isNew: boolean) {
    this.boss = boss;
    this.db = db;
    this.#pool = pool;
    this.#isNew = isNew;
  }

  /** Connects; installs the queue's tables where they are missing. @throws UsageError, TidefillError */
  static async open(address: Address, role: QueueRole): Promise<Queue> {
    return Queue.#open(address, role, false);
  }

  /** Installs the queue's tables, or migrates those of an earlier pg-boss; returns whether there were none. */
  static async install(address: Address): Promise<boolean> {
    const queue = await Queue.#open(address, { supervises: false }, true);
    await queue.close();
    return queue.#isNew;
  }

  static async #open(address: Address, { supervises, name }: QueueRole, migrates: boolean): Promise<Queue> {
    const { PgBoss } = await loadPgBoss();
    const types = pg.types as unknown as pg.CustomTypesConfig;
    const pool = createPool({ ...address, applicationName: "tidefill queue", maxConnections: 5, types });
    const db = dbOf(pool);
    try {
      const isNew = !(await hasTables(db));
      const boss = new PgBoss({
        db,
        schema: queueSchema,
        supervise: supervises,
        schedule: supervises,
        superviseIntervalSeconds: 5,
        monitorIntervalSeconds: 5,
        registerInstance: supervises,
        ...(name === undefined ? {} : { instanceName: name }),
        // Only an operator brings tables to a newer version of pg-boss.
        migrate: isNew || migrates,
      });
      // Without a listener an error would end the process. Each call reports its own.
      boss.on("error", () => {});
      await boss.start().catch((error: unknown) => {
        throw cannotStart(error);
      });
      const queue = new Queue(boss, db, pool, isNew);
      if (isNew || migrates) await queue.#install();
      return queue;
    } catch (error) {
      await pool.end();
      throw error;
    }
  }

  /** Calls `work` in a transaction of the queue's database. */
  async transaction<T>(work: (tx: QueueDb) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect();
    let isBroken = false;
    try {
      await client.query("begin");
      const result = await work(dbOfClient(client));
      await client.query("commit");
      return result;
    } catch (error) {
      await client.query("rollback").catch(() => {
        isBroken = true;
      });
      throw error;
    } finally {
      client.release(isBroken);
    }
  }

  async close(): Promise<void> {
    await this.boss.stop({ graceful: false, close: false }).catch(() => {});
    await this.#pool.end();
  }

  async #install(): Promise<void> {
    const { boss } = this;
    await boss.createQueue(queues.dead, { retentionSeconds: forever });
    await boss.createQueue(queues.run, {
      policy: "exclusive",
      deadLetter: queues.dead,
      heartbeatSeconds,
      expireInSeconds,
      retryLimit: 20,
      retryDelay: 5,
      retryBackoff: true,
      retryDelayMax: 600,
      retentionSeconds: forever,
    });
    await boss.createQueue(queues.due, {
      heartbeatSeconds,
      retryLimit: 20,
      retryDelay: 5,
      retentionSeconds: forever,
    });
    await this.transaction(async (tx) => {
      await tx.executeSql("select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended($1, 0))", [
        queueSchema,
      ]);
      await tx.executeSql(queueTables);
    });
  }
}

/**
 * pg-boss sends several statements with a transaction of their own as one text: where it fails, the connection
 * is in an aborted transaction, and is not used again.
 */
function dbOf(pool: ConnectionPool): QueueDb {
  return {
    executeSql: async (text, values) => {
      const client = await pool.connect();
      let isBroken = true;
      try {
        const result = await dbOfClient(client).executeSql(text, values);
        isBroken = false;
        return result;
      } finally {
        client.release(isBroken);
      }
    },
  };
}

/** The statements of the queue by way of a client, within its transaction where it has one. */
export function dbOfClient(client: QueryingClient): QueueDb {
  return {
    executeSql: (text, values) => client.query(text, values === undefined ? undefined : [...values]),
  };
}

/** Whether the tables of the queue are in this database. */
export async function hasTables(db: QueueDb): Promise<boolean> {
  const { rows } = await db.executeSql("select pg_catalog.to_regclass($1) is not null as found", [
    `${queueSchema}.tidefill_rollout`,
  ]);
  return rows[0]?.found === true;
}

function cannotStart(error: unknown): unknown {
  if (!(error instanceof Error) || !/schema|version|migrat/i.test(error.message)) return error;
  return new TidefillError(
    "queue-outdated",
    `The queue's tables are not of this version of pg-boss: ${error.message}`,
    {
      remedy: "tidefill schema install --queue",
      cause: error,
    },
  );
}
