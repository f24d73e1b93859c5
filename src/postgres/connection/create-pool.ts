import { ConnectionPool, type PoolOptions } from "./connection-pool.ts";
import { readConnection } from "./connection-settings.ts";
import { type AskPassword, passwordSource } from "./password.ts";

/** How to reach a database. */
export interface Address {
  /**
   * `postgres://…`, or `host=… dbname=…`; when absent, `DATABASE_URL`, else a service or libpq's `PG*` variables, with psql's
   * meaning for all of them
   */
  readonly connectionString?: string | undefined;
  /** asked at each connect, for passwords that change; instead of the one in the address */
  readonly password?: AskPassword | undefined;
}

export type ConnectOptions = Address & PoolOptions;

/**
 * A pool of connections that hand every value over as text; nothing is connected yet.
 * @throws UsageError for an address that cannot be read, or says what means nothing here
 */
export function createPool({ connectionString, password, ...options }: ConnectOptions): ConnectionPool {
  const settings = readConnection(connectionString, process.env);
  const source = passwordSource(settings, password, process.env.TIDEFILL_PASSWORD_COMMAND);
  return new ConnectionPool(settings, source, options);
}
