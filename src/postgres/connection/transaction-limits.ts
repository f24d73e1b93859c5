import pg from "pg";

/** How long a transaction may wait and work, in milliseconds. */
export interface TransactionLimits {
  /** waiting for one lock */
  readonly lockMs: number;
  /** one statement */
  readonly statementMs: number;
  /** being idle while holding locks, as a frozen client is */
  readonly idleMs: number;
  /** the whole transaction; enforced by PostgreSQL 17 and later, and by our own watchdog */
  readonly wholeMs: number;
  /** The name in `pg_stat_activity` and before each statement; PostgreSQL keeps 63 bytes of it. */
  readonly name?: string;
  /**
   * Its commit does not wait for the disk or for standbys. A server crash may lose the newest such commits,
   * but none that came before a commit that waited.
   */
  readonly mayBeForgotten?: true;
}

/**
 * The limits that apply unless the caller sets its own. A wait for a lock is longer than a frozen client may be
 * idle: a process that stops between two statements makes other sessions wait, but does not make them fail.
 */
export const defaultLimits: TransactionLimits = {
  lockMs: 15_000,
  statementMs: 30_000,
  idleMs: 10_000,
  wholeMs: 60_000,
};

/** A literal that means the same however the server treats backslashes. */
export function literal(text: string): string {
  const quoted = `'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
  return text.includes("\\") ? `E${quoted}` : quoted;
}

/** The session settings for a statement outside of a transaction. */
export function aloneStatement(lockMs: number, searchPath: string | null = null): string {
  const limits = `set statement_timeout = 0; set lock_timeout = ${Math.ceil(lockMs)}`;
  return `${limits}; select ${pinSearchPath(false, searchPath)}, ${noticeLostClient(false)}`;
}

/** Restores the session's settings. */
export const afterAlone = [
  "statement_timeout",
  "lock_timeout",
  "search_path",
  "client_connection_check_interval",
]
  .map((setting) => `reset ${setting}`)
  .join("; ");

/** A killed client's work must not go on long after it; only on Linux can the server detect that. */
export function noticeLostClient(isLocal: boolean): string {
  const isLinux = "pg_catalog.version() like '%linux%'";
  return setWhereKnown("client_connection_check_interval", 1_000, { isLocal, condition: isLinux });
}

/** How many bytes PostgreSQL keeps of an application's name. */
export const longestName = 63;

/** A name that cannot break out of a literal or a comment. */
export function plainName(name: string): string {
  return name.replaceAll(/[^\w .,:-]/g, "_").slice(0, longestName);
}

/** Sets a setting that only some versions of PostgreSQL have. */
export function setWhereKnown(
  setting: string,
  value: number,
  { isLocal = true, condition = "true" }: { readonly isLocal?: boolean; readonly condition?: string } = {},
): string {
  return `case when pg_catalog.current_setting('${setting}', true) is not null and ${condition}
    then ${setTo(setting, `'${value}'`, isLocal)} end`;
}

/** The expression that sets a setting. */
export function setTo(setting: string, value: string, isLocal = true): string {
  return `pg_catalog.set_config(${literal(setting)}, ${value}, ${isLocal})`;
}

/**
 * The search path of the database or role, or `named` from the address, so that triggers find what they
 * always find. `pg_catalog` is taken out: unnamed it comes first, but a path that names it late lets other
 * schemas shadow built-in functions.
 */
export function pinSearchPath(isLocal: boolean, named: string | null): string {
  const path = named === null ? "pg_catalog.current_setting('search_path')" : pg.escapeLiteral(named);
  return `pg_catalog.set_config('search_path', pg_catalog.concat_ws(',', (
    select pg_catalog.string_agg(part, ',' order by place)
    from pg_catalog.unnest(pg_catalog.string_to_array(${path}, ',')) with ordinality as path(part, place)
    where pg_catalog.btrim(part) operator(pg_catalog.<>) 'pg_catalog'
      and pg_catalog.btrim(part) operator(pg_catalog.<>) '"pg_catalog"'
      and pg_catalog.btrim(part) operator(pg_catalog.<>) ''
  ), 'pg_temp'), ${isLocal})`;
}
