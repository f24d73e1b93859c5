import { ConnectionPool, type PoolOptions } from "./connection-pool.ts";
import { readConnection } from "./connection-settings.ts";
import { type AskPassword, passwordSource } from "./password.ts";

/** How to reach a database. */
export interface Address {
  /**
   * `postgres://…`, or `host=… dbname=…`; when absent, `DATABASE_URL`, otherwise a service or libpq's `PG*`
   * variables, all with the meaning they have in psql
   */
  readonly connectionString?: string | undefined;
  /** called at each connect, for passwords that change; replaces the password in the address */
  readonly password?: AskPassword | undefined;
}

export type ConnectOptions = Address & PoolOptions;

/**
 * A pool of connections that return every value as text. It does not connect yet.
 * @throws UsageError for an address that cannot be read, or has a part without a meaning here
 */
export function createPool({ connectionString, password, ...options }: ConnectOptions): ConnectionPool {
  const settings = readConnection(connectionString, process.env);
  const source = passwordSource(settings, password, process.env.TIDEFILL_PASSWORD_COMMAND);
  return new ConnectionPool(settings, source, options);
}
