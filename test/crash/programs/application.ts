import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import type { Random } from "./random.ts";

/**
 * The users of a database during a backfill. Each connection writes its own rows, several in a transaction
 * and in random order, so no user blocks another one.
 */
export class Application {
  /** what acknowledged transactions added to `other`, less what went with deleted rows */
  increments = 0;
  inserted = 0;
  deleted = 0;
  transactions = 0;
  /** SQLSTATEs of failed statements */
  readonly errors: string[] = [];
  /** duration of each statement in milliseconds */
  readonly times: number[] = [];
  /** Stops inserts and deletes; rows are still updated. */
  isSettled = false;
  readonly #url: string;
  readonly #rows: number;
  readonly #random: Random;
  readonly #users: Promise<void>[];
  #isOver = false;

  constructor(url: string, rows: number, users: number, random: Random) {
    this.#url = url;
    this.#rows = rows;
    this.#random = random;
    this.#users = Array.from({ length: users }, (_, number) => this.#use(number, users));
    for (const user of this.#users) user.catch(() => {});
  }

  /** Ends the current transactions. @throws what a user's connection threw */
  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#users);
  }

  /** The time within which so many of a thousand statements ended. */
  permille(share: number): number {
    const sorted = [...this.times].sort((left, right) => left - right);
    return Math.round(sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * share) / 1_000))] ?? 0);
  }

  async #use(number: number, users: number): Promise<void> {
    // Different names: several sessions of one name count as an application, also for the runs of other tests
    // on this server.
    const client = new pg.Client({ connectionString: this.#url, application_name: `application ${number}` });
    await client.connect();
    try {
      while (!this.#isOver) {
        await this.#transact(client, number, users);
        await delay(1);
      }
    } finally {
      await client.end();
    }
  }

  async #transact(client: pg.Client, number: number, users: number): Promise<void> {
    const choice = this.isSettled ? 1 : this.#random.next();
    // Multiples of ten are rows that were there from the start; the keys between are for later inserts.
    const own = (): number =>
      10 * (users * this.#random.between(1, Math.floor(this.#rows / users) - 1) + number);
    try {
      await client.query("begin");
      if (choice < 0.1) {
        const inserted = await this.#time(
          client,
          "insert into documents (id) values ($1) on conflict do nothing",
          own() + 1,
        );
        await client.query("commit");
        this.inserted += inserted.rowCount ?? 0;
      } else if (choice < 0.15) {
        const gone = await this.#time(
          client,
          "delete from documents where id = $1 returning other",
          own() + this.#random.between(0, 1),
        );
        await client.query("commit");
        this.deleted += gone.rowCount ?? 0;
        this.increments -= Number(gone.rows[0]?.other ?? 0);
      } else {
        await this.#update(client, own);
      }
      this.transactions += 1;
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) throw error;
      this.errors.push(String(error.code));
      await client.query("rollback");
    }
  }

  async #update(client: pg.Client, own: () => number): Promise<void> {
    let updated = 0;
    for (let left = this.#random.between(2, 6); left > 0; left -= 1) {
      // A write that changes the content also updates the count, as applications have to while a column is
      // filled.
      const text = this.#random.next() < 0.3 ? ", content = content || ' more', words = words + 1" : "";
      const { rowCount } = await this.#time(
        client,
        `update documents set other = other + 1${text} where id = $1`,
        own(),
      );
      updated += rowCount ?? 0;
    }
    await client.query("commit");
    this.increments += updated;
  }

  async #time(client: pg.Client, statement: string, id: number): Promise<pg.QueryResult> {
    const begin = performance.now();
    try {
      return await client.query(statement, [id]);
    } finally {
      this.times.push(performance.now() - begin);
    }
  }
}
