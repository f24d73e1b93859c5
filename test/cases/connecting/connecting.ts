import { toTidefillError } from "../../../src/cli/terminal/to-tidefill-error.ts";
import type { TidefillError } from "../../../src/errors.ts";
import { createPool } from "../../../src/postgres/connection/create-pool.ts";

/** The place that a connection leads to. */
export interface Reached {
  readonly port: string;
  readonly role: string;
  readonly path: string | null;
  readonly encrypted: string;
}

/** Connects once, as every command does, and returns where the connection leads. */
export async function reach(
  connectionString: string | undefined,
  options: Pick<Parameters<typeof createPool>[0], "password"> = {},
): Promise<Reached> {
  const pool = createPool({
    connectionString,
    ...options,
    applicationName: "tidefill reach",
    maxConnections: 1,
  });
  try {
    const { rows } = await pool.query<{ [name in keyof Reached]: string }>(`
      select pg_catalog.current_setting('port') as port, current_user as role, current_schema() as path,
        coalesce((select ssl from pg_catalog.pg_stat_ssl where pid = pg_catalog.pg_backend_pid()), false)::text as encrypted`);
    return rows[0] as Reached;
  } finally {
    await pool.end();
  }
}

/** How the command line explains a failed connection. */
export async function refusal(connecting: Promise<unknown>): Promise<TidefillError> {
  const thrown = await connecting.then(
    () => new Error("It has connected."),
    (error: unknown) => error,
  );
  return toTidefillError(thrown);
}

/** An address with some parts replaced. */
export function changed(
  address: string,
  parts: Partial<Record<"hostname" | "username" | "password" | "pathname" | "search", string>>,
): string {
  return Object.assign(new URL(address), parts).href;
}
