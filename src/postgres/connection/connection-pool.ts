import pg from "pg";
import { asText } from "../sql/as-text.ts";
import { AwaitedReturn } from "./awaited-return.ts";
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

/** When servers answered that they have no TLS, by host and port: the pools of a command need not ask each. */
const withoutTls = new Map<string, number>();
/** How long that is believed; a server may be restarted with TLS. */
const believedMs = 30_000;

/**
 * How long a caller waits for a connection to come back before the pool opens one more. A new session costs both
 * sides more processor time than most statements take: so what is asked together, as at the start of a run, shares
 * few sessions.
 */
const patienceMs = 20;

export interface PoolOptions {
  readonly applicationName: string;
  readonly maxConnections: number;
  /** 10 seconds when absent; a timeout in the address takes precedence */
  readonly connectionTimeoutMs?: number | undefined;
  /** how long an unused connection is kept; 30 seconds when absent */
  readonly idleTimeoutMs?: number;
  /** when absent, every value is read as text */
  readonly types?: pg.CustomTypesConfig;
}

/**
 * Connections to the server that the settings describe. Each connect tries the servers in their order, with
 * and without TLS, until one fits, so that it follows a failover.
 */
export class ConnectionPool {
  readonly settings: ConnectionSettings;
  readonly #source: PasswordSource;
  readonly #options: PoolOptions;
  readonly #pool: pg.Pool;
  readonly #returns: AwaitedReturn;
  /** connections known to lead to the right server */
  readonly #fit = new WeakSet<pg.PoolClient>();
  /** which attempt a connection or a failure came from */
  readonly #origins = new WeakMap<object, Attempt>();
  /** the attempt for which the next client is made */
  #next: Attempt;
  /** the attempt that worked last */
  #best: Attempt;

  /** @throws UsageError for certificate files that cannot be read */
  constructor(settings: ConnectionSettings, source: PasswordSource, options: PoolOptions) {
    const { tls } = settings;
    this.settings = settings;
    this.#source = source;
    this.#options = options;
    this.#next = this.#order()[0] as Attempt;
    this.#best = this.#next;
    if (tls.mode !== "disable") tlsOptions(tls);
    this.#pool = this.#open();
    this.#returns = new AwaitedReturn(this.#pool);
  }

  /** The server that was last connected to. */
  get endpoint(): Endpoint {
    return this.#best.endpoint;
  }

  /** A connection to the right server. @throws what a server answered, or what is wrong with each of them */
  async connect(): Promise<pg.PoolClient> {
    const until = performance.now() + patienceMs;
    while (this.#returns.isWorthIt && performance.now() < until)
      await this.#returns.next(until - performance.now());
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
        // A queued caller gets a client made for `#best`: after this failure that must not fail the same way
        // again.
        if (attempt !== null && isSameAttempt(failed.attempt, this.#best)) this.#best = attempt;
      }
    }
    const { settings } = this;
    const { endpoint } = failures.at(-1)?.attempt ?? this.#best;
    throw noteTried(failureOf(failures), { endpoint, settings, passwordFrom: this.#source.from });
  }

  /** Runs one statement on a connection of the pool. */
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

  /** From now on allows up to `count` open connections. */
  allow(count: number): void {
    this.#pool.options.max = Math.max(this.#pool.options.max, count);
  }

  /** A pool with the same settings and exactly one connection, which is never replaced while idle. */
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
      // PostgreSQL cuts the name at 63 bytes; a longer one would only cause a notice.
      application_name: applicationName.slice(0, longestName),
      max: maxConnections,
      connectionTimeoutMillis:
        (settings.timeoutMs ?? connectionTimeoutMs) + (this.#source.isAsked ? longestCommandMs : 0),
      idleTimeoutMillis: idleTimeoutMs,
      keepAlive: settings.keepAlive,
      ...(settings.keepAliveIdleMs === null ? {} : { keepAliveInitialDelayMillis: settings.keepAliveIdleMs }),
      types: this.#options.types ?? (asText as pg.CustomTypesConfig),
    });
    // An idle connection that breaks is replaced when it is next needed; without a listener the error would
    // end the process.
    pool.on("error", () => {});
    // The pool removes its own listener before it hands a connection over; an error in between must find a
    // listener.
    pool.on("connect", (client) => client.on("error", () => {}));
    return pool;
  }

  /** All attempts, in the order in which this connect tries them. */
  #order(): readonly Attempt[] {
    const { endpoints, isBalanced, target, tls } = this.settings;
    const servers = isBalanced ? [...endpoints].sort(() => Math.random() - 0.5) : endpoints;
    return roundsOf(target).flatMap((wanted) =>
      servers.flatMap((endpoint) =>
        tlsWays(tls, endpoint.host, this.#hasNoTls(endpoint)).map((isEncrypted) => ({
          endpoint,
          isEncrypted,
          wanted,
        })),
      ),
    );
  }

  #hasNoTls(endpoint: Endpoint): boolean {
    const answeredAt = withoutTls.get(nameOf(endpoint)) ?? Number.NEGATIVE_INFINITY;
    // A channel can be bound to TLS only.
    return !this.settings.channelBinding && performance.now() - answeredAt < believedMs;
  }

  async #take(attempt: Attempt): Promise<pg.PoolClient> {
    // The pool makes its client at once, or later, when other callers have returned theirs.
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

  /** The attempt of this connect that failed with the error; null for an error of none of them. */
  #failed(attempts: readonly Attempt[], error: unknown): FailedAttempt | null {
    const cause = error instanceof Error ? error.cause : undefined;
    const origin = this.#originOf(error) ?? this.#originOf(cause);
    if (origin === undefined) return null;
    if (hasNoTls(error)) withoutTls.set(nameOf(origin.endpoint), performance.now());
    const attempt = attempts.find((each) => isSameAttempt(each, origin));
    return attempt === undefined ? null : { attempt, error };
  }

  #originOf(thrown: unknown): Attempt | undefined {
    return typeof thrown === "object" && thrown !== null ? this.#origins.get(thrown) : undefined;
  }
}

function nameOf({ host, hostaddr, port }: Endpoint): string {
  return `${hostaddr ?? host} ${port}`;
}

function isSameAttempt(left: Attempt, right: Attempt): boolean {
  return (
    left.endpoint === right.endpoint && left.isEncrypted === right.isEncrypted && left.wanted === right.wanted
  );
}
