import pg from "pg";
import { asText } from "../sql/as-text.ts";
import { clientFor } from "./client-for.ts";
import {
  type Attempt,
  attemptAfter,
  type FailedAttempt,
  failureOf,
  hasNoTls,
  noteTried,
  OtherServerError,
} from "./connect-failure.ts";
import type { ConnectionSettings, Endpoint } from "./connection-settings.ts";
import { longestCommandMs, type PasswordSource } from "./password.ts";
import { roundsOf, whyUnfit } from "./session-attributes.ts";
import { tlsOptions, tlsWays } from "./tls.ts";
import { longestName } from "./transaction-limits.ts";

export interface PoolOptions {
  readonly applicationName: string;
  readonly maxConnections: number;
  /** 10 seconds when absent; what the address says counts more */
  readonly connectionTimeoutMs?: number | undefined;
  /** how long a connection that nobody uses is kept; 30 seconds when absent */
  readonly idleTimeoutMs?: number;
  /** every value as text when absent */
  readonly types?: pg.CustomTypesConfig;
}

/**
 * Connections to the server that the settings mean: at each connect the servers are tried in their order, with TLS or without,
 * until one fits, so that a failover is followed.
 */
export class ConnectionPool {
  readonly settings: ConnectionSettings;
  readonly #source: PasswordSource;
  readonly #options: PoolOptions;
  readonly #pool: pg.Pool;
  /** servers that have answered that they have no TLS */
  readonly #withoutTls = new Set<Endpoint>();
  /** connections that are known to lead to the right server */
  readonly #fit = new WeakSet<pg.PoolClient>();
  /** which attempt a connection or a failure came from */
  readonly #origins = new WeakMap<object, Attempt>();
  /** the one that the next client is made for */
  #next: Attempt;
  /** the one that worked last */
  #best: Attempt;

  /** @throws UsageError for files of certificates that cannot be read */
  constructor(settings: ConnectionSettings, source: PasswordSource, options: PoolOptions) {
    const { tls } = settings;
    this.settings = settings;
    this.#source = source;
    this.#options = options;
    this.#next = this.#order()[0] as Attempt;
    this.#best = this.#next;
    if (tls.mode !== "disable") tlsOptions(tls);
    this.#pool = this.#open();
  }

  /** The server that was connected to last. */
  get endpoint(): Endpoint {
    return this.#best.endpoint;
  }

  /** A connection to the right server. @throws what a server has answered, or what is wrong with each of them */
  async connect(): Promise<pg.PoolClient> {
    const attempts = this.#order();
    const failures: FailedAttempt[] = [];
    let attempt: Attempt | null = attempts[0] ?? null;
    while (attempt !== null) {
      try {
        return await this.#take(attempt);
      } catch (error) {
        const failed = this.#failed(attempts, error);
        if (failed === null) throw error;
        failures.push(failed);
        attempt = attemptAfter(attempts, failed);
        // What still waits for its connection is connected as the best attempt says: it must not fail the same way for ever.
        if (attempt !== null && isSameAttempt(failed.attempt, this.#best)) this.#best = attempt;
      }
    }
    const { settings } = this;
    const { endpoint } = failures.at(-1)?.attempt ?? this.#best;
    throw noteTried(failureOf(failures), { endpoint, settings, passwordFrom: this.#source.from });
  }

  /** One statement on a connection that is given back. */
  async query<Row extends pg.QueryResultRow>(
    text: string,
    values?: readonly unknown[],
  ): Promise<pg.QueryResult<Row>> {
    const client = await this.connect();
    try {
      return await client.query<Row>(text, values === undefined ? undefined : [...values]);
    } finally {
      client.release();
    }
  }

  /** Lets so many connections be open at a time from now on. */
  allow(count: number): void {
    this.#pool.options.max = Math.max(this.#pool.options.max, count);
  }

  /** A pool of the same with one connection, which stays the same. */
  ofOne(): ConnectionPool {
    return new ConnectionPool(this.settings, this.#source, {
      ...this.#options,
      maxConnections: 1,
      idleTimeoutMs: 0,
    });
  }

  async end(): Promise<void> {
    await this.#pool.end();
  }

  #open(): pg.Pool {
    const { settings } = this;
    const {
      applicationName,
      maxConnections,
      connectionTimeoutMs = 10_000,
      idleTimeoutMs = 30_000,
    } = this.#options;
    const Client = clientFor(settings, this.#source, () => this.#next, this.#origins);
    const pool = new pg.Pool({
      Client: Client as unknown as new () => pg.ClientBase,
      // PostgreSQL cuts it at 63 bytes itself; a longer one would only be a notice.
      application_name: applicationName.slice(0, longestName),
      max: maxConnections,
      connectionTimeoutMillis:
        (settings.timeoutMs ?? connectionTimeoutMs) + (this.#source.isAsked ? longestCommandMs : 0),
      idleTimeoutMillis: idleTimeoutMs,
      keepAlive: settings.keepAlive,
      ...(settings.keepAliveIdleMs === null ? {} : { keepAliveInitialDelayMillis: settings.keepAliveIdleMs }),
      types: this.#options.types ?? (asText as pg.CustomTypesConfig),
    });
    // An idle connection that breaks is replaced when it is next needed; without a listener it would end the process.
    pool.on("error", () => {});
    // The pool takes its own listener away before it hands a connection over; what breaks in between must find one.
    pool.on("connect", (client) => client.on("error", () => {}));
    return pool;
  }

  /** All attempts in the order of this connect. */
  #order(): readonly Attempt[] {
    const { endpoints, isBalanced, target, tls } = this.settings;
    const servers = isBalanced ? [...endpoints].sort(() => Math.random() - 0.5) : endpoints;
    return roundsOf(target).flatMap((wanted) =>
      servers.flatMap((endpoint) =>
        tlsWays(tls, endpoint.host, this.#withoutTls.has(endpoint)).map((isEncrypted) => ({
          endpoint,
          isEncrypted,
          wanted,
        })),
      ),
    );
  }

  async #take(attempt: Attempt): Promise<pg.PoolClient> {
    // The pool makes its client before it answers, or later, when others have given theirs back.
    this.#next = attempt;
    const connecting = this.#pool.connect();
    this.#next = this.#best;
    const client = await connecting;
    if (this.#fit.has(client)) return client;
    const origin = this.#origins.get(client) ?? attempt;
    const unfit = await whyUnfit(client, attempt.wanted).catch((error: unknown) => error as Error);
    if (unfit === null) {
      this.#fit.add(client);
      this.#best = origin;
      return client;
    }
    client.release(true);
    const error = typeof unfit === "string" ? new OtherServerError(unfit) : unfit;
    this.#origins.set(error, origin);
    throw error;
  }

  /** What failed, among the attempts of this connect; null for what has to do with none of them. */
  #failed(attempts: readonly Attempt[], error: unknown): FailedAttempt | null {
    const cause = error instanceof Error ? error.cause : undefined;
    const origin = this.#originOf(error) ?? this.#originOf(cause);
    if (origin === undefined) return null;
    if (hasNoTls(error)) this.#withoutTls.add(origin.endpoint);
    const attempt = attempts.find((each) => isSameAttempt(each, origin));
    return attempt === undefined ? null : { attempt, error };
  }

  #originOf(thrown: unknown): Attempt | undefined {
    return typeof thrown === "object" && thrown !== null ? this.#origins.get(thrown) : undefined;
  }
}

function isSameAttempt(left: Attempt, right: Attempt): boolean {
  return (
    left.endpoint === right.endpoint && left.isEncrypted === right.isEncrypted && left.wanted === right.wanted
  );
}
