import pg from "pg";
import { longestName } from "./transaction-settings.ts";

export interface ConnectOptions {
  /** `postgres://…`; when absent, `DATABASE_URL`, else libpq's own `PG*` variables. */
  readonly connectionString?: string | undefined;
  readonly applicationName: string;
  readonly maxConnections: number;
  /** 10 seconds when absent */
  readonly connectionTimeoutMs?: number;
}

/** Every value as the text that PostgreSQL sent: a `Date` or a `Number` would lose digits (law 3, law 4). */
export const asText = {
  getTypeParser: () => (text: string | Buffer) => (typeof text === "string" ? text : text.toString("utf8")),
};

/** A pool of connections that hand every value over as text; nothing is connected yet. */
export function createPool(options: ConnectOptions): pg.Pool {
  const connectionString = options.connectionString ?? process.env.DATABASE_URL;
  const pool = new pg.Pool({
    ...(connectionString === undefined ? {} : { connectionString: withoutName(connectionString) }),
    // PostgreSQL cuts it at 63 bytes itself; a longer one would only be a notice.
    application_name: options.applicationName.slice(0, longestName),
    max: options.maxConnections,
    connectionTimeoutMillis: options.connectionTimeoutMs ?? 10_000,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    types: asText as pg.CustomTypesConfig,
  });
  // An idle connection that breaks is replaced when it is next needed; without a listener it would end the process.
  pool.on("error", () => {});
  // The pool takes its own listener away before it hands a connection over; what breaks in between must find one.
  pool.on("connect", (client) => client.on("error", () => {}));
  return pool;
}

/** By their names sessions of ours are told from those of others: one that stands in the address must not replace it. */
function withoutName(connectionString: string): string {
  const [address, query] = connectionString.split(/\?(.*)/s);
  if (query === undefined) return connectionString;
  const kept = query.split("&").filter((setting) => !setting.startsWith("application_name="));
  return kept.length === 0 ? (address ?? "") : `${address}?${kept.join("&")}`;
}
