import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";

/** The latencies of an application, in milliseconds from the moment when each request was due. */
export interface Felt {
  readonly requests: number;
  readonly errors: number;
  readonly p50: number;
  readonly p99: number;
  /** of the slowest request */
  readonly worst: number;
}

/** The application's first requests are slow, and not measured. */
const warmUpMs = 2_000;
const connections = 24;
/** The share of requests that go to the hot rows. */
const hotShare = 0.5;
const hotRows = 200;

/**
 * Sends requests at a fixed rate, even while earlier ones wait. Latency counts from when a request was due,
 * so a stall counts for every request that comes meanwhile (wrk2 avoids coordinated omission in the same
 * way).
 */
export class Application {
  readonly #pool: pg.Pool;
  readonly #essays: number;
  readonly #everyMs: number;
  #latencies: number[] = [];
  readonly #underWay = new Set<Promise<void>>();
  #errors = 0;
  #timer: NodeJS.Timeout | undefined;
  #begun = 0;
  #due = 0;
  /** requests due before are not measured */
  #measuredFrom = Number.POSITIVE_INFINITY;

  constructor(databaseUrl: string, essays: number, rate: number) {
    this.#pool = new pg.Pool({ connectionString: databaseUrl, max: connections, application_name: "school" });
    this.#pool.on("error", () => {});
    this.#essays = essays;
    this.#everyMs = 1_000 / rate;
  }

  /** Opens its connections and warms up. */
  async start(): Promise<void> {
    const clients = await Promise.all(Array.from({ length: connections }, () => this.#pool.connect()));
    for (const client of clients) client.release();
    this.#begun = performance.now();
    this.#timer = setInterval(() => this.#send(), 1);
    await delay(warmUpMs);
  }

  /** What its requests feel in the next milliseconds, or until `over` is aborted. */
  async measure(forMs: number, over?: AbortSignal): Promise<Felt> {
    this.#latencies = [];
    this.#errors = 0;
    this.#measuredFrom = performance.now();
    await delay(forMs, undefined, { signal: over }).catch(() => {});
    this.#measuredFrom = Number.POSITIVE_INFINITY;
    await Promise.all(this.#underWay);
    return this.#felt();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#underWay);
    await this.#pool.end();
  }

  #felt(): Felt {
    const sorted = this.#latencies.toSorted((left, right) => left - right);
    const at = (share: number): number =>
      sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    return { requests: sorted.length, errors: this.#errors, p50: at(0.5), p99: at(0.99), worst: at(1) };
  }

  #send(): void {
    for (; this.#begun + this.#due * this.#everyMs <= performance.now(); this.#due += 1) {
      const dueAt = this.#begun + this.#due * this.#everyMs;
      const isMeasured = dueAt >= this.#measuredFrom;
      const request = this.#request()
        .catch(() => {
          if (isMeasured) this.#errors += 1;
        })
        .finally(() => {
          if (isMeasured) this.#latencies.push(performance.now() - dueAt);
          this.#underWay.delete(request);
        });
      this.#underWay.add(request);
    }
  }

  /** Six in ten read an essay, three write one, one does both in a transaction. */
  async #request(): Promise<void> {
    const id = this.#essay();
    const kind = Math.random();
    if (kind < 0.6)
      await this.#pool.query("select title, content from essay_submission_essay where id = $1", [id]);
    else if (kind < 0.9) await this.#pool.query(touch, [id]);
    else await this.#transaction(id);
  }

  async #transaction(id: number): Promise<void> {
    const client = await this.#pool.connect();
    try {
      await client.query("begin");
      await client.query("select title from essay_submission_essay where id = $1 for update", [id]);
      await client.query(touch, [id]);
      await client.query("commit");
    } catch (error) {
      await client.query("rollback").catch(() => {});
      throw error;
    } finally {
      client.release();
    }
  }

  #essay(): number {
    const range = Math.random() < hotShare ? hotRows : this.#essays;
    return 1 + Math.floor(Math.random() * range);
  }
}

const touch = "update essay_submission_essay set title = title || '' where id = $1";
