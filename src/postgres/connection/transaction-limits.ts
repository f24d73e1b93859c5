import pg from "pg";

/** How long a transaction may wait and work, in milliseconds. */
export interface TransactionLimits {
  /** waiting for one lock */
  readonly lockMs: number;
  /** one statement */
  readonly statementMs: number;
  /** doing nothing while holding locks, as a frozen client does */
  readonly idleMs: number;
  /** the whole transaction; enforced by PostgreSQL 17 and later, and by our own watchdog */
  readonly wholeMs: number;
  /** What `pg_stat_activity` shows of it, as `application_name` and before each statement; PostgreSQL keeps 63 bytes. */
  readonly name?: string;
  /**
   * Its commit waits for no disk and makes nobody else wait: a crash of the server may forget the newest of such, but none
   * that came before a commit that waited.
   */
  readonly mayBeForgotten?: true;
}

/** What holds where nobody says otherwise. */
export const defaultLimits: TransactionLimits = {
  lockMs: 5_000,
  statementMs: 30_000,
  idleMs: 30_000,
  wholeMs: 60_000,
};

/**
 * BEGIN and everything that must hold in a transaction, as one message. Only `set local`, so that nothing stays behind on a
 * connection that a transaction pooler hands to somebody else.
 */
export function beginStatement(
  limits: Partial<TransactionLimits> = {},
  searchPath: string | null = null,
  session: Readonly<Record<string, string>> = {},
): string {
  const { lockMs, statementMs, idleMs, wholeMs, name, mayBeForgotten } = { ...defaultLimits, ...limits };
  return [
    "begin isolation level read committed",
    ...[
      `lock_timeout = ${Math.ceil(lockMs)}`,
      `statement_timeout = ${Math.ceil(statementMs)}`,
      `idle_in_transaction_session_timeout = ${Math.ceil(idleMs)}`,
      // Texts must mean the same when they are read and when they are written back.
      // ISO alone leaves the order of day and month as the database has it, and the time zone stays the database's too:
      // triggers and the job's own SQL rely on both.
      "datestyle = 'ISO'",
      "intervalstyle = 'postgres'",
      "extra_float_digits = 1",
      "bytea_output = 'hex'",
      "xmloption = 'content'",
      "array_nulls = on",
      // Rows hidden by a policy would be missed in silence; this makes it an error. What fires triggers turns it on first.
      "row_security = off",
      // A batch is short and must never scan more than its own keys.
      "enable_seqscan = off",
      "max_parallel_workers_per_gather = 0",
      "jit = off",
      ...(mayBeForgotten === true ? ["synchronous_commit = off"] : []),
      ...(name === undefined ? [] : [`application_name = '${plainName(name)}'`]),
    ].map((setting) => `set local ${setting}`),
    pinSearchPath(true, searchPath),
    setWhereKnown("transaction_timeout", Math.ceil(wholeMs)),
    noticeLostClient(true),
    ...Object.entries(session).map(
      ([name, value]) => `select pg_catalog.set_config(${literal(name)}, ${literal(value)}, true)`,
    ),
  ].join("; ");
}

/** A text that means the same whatever the server takes backslashes for. */
function literal(text: string): string {
  return `E'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}

/** What must hold for a statement outside of a transaction, for the session. */
export function aloneStatement(lockMs: number, searchPath: string | null = null): string {
  const limits = `set statement_timeout = 0; set lock_timeout = ${Math.ceil(lockMs)}`;
  return [limits, pinSearchPath(false, searchPath), noticeLostClient(false)].join("; ");
}

/** As the session had it before. */
export const afterAlone = [
  "statement_timeout",
  "lock_timeout",
  "search_path",
  "client_connection_check_interval",
]
  .map((setting) => `reset ${setting}`)
  .join("; ");

/** A client that was killed must not have its work done long after its death; the server can only see that on Linux. */
function noticeLostClient(isLocal: boolean): string {
  return `${setWhereKnown("client_connection_check_interval", 1_000, isLocal)} and pg_catalog.version() like '%linux%'`;
}

/** What PostgreSQL keeps of an application's name. */
export const longestName = 63;

/** A name that can break out neither of a literal nor of a comment. */
export function plainName(name: string): string {
  return name.replaceAll(/[^\w .,:-]/g, "_").slice(0, longestName);
}

/** Sets what only some versions of PostgreSQL have. */
function setWhereKnown(setting: string, value: number, isLocal = true): string {
  return `select pg_catalog.set_config('${setting}', '${value}', ${isLocal}) where pg_catalog.current_setting('${setting}', true) is not null`;
}

/**
 * The search path of the database or role, so that triggers find what they always find; but `pg_catalog` is taken out of it,
 * since a path that names it late lets other schemas stand in for the built-in functions. Unnamed, it comes first. `named` is
 * what the address says instead.
 */
function pinSearchPath(isLocal: boolean, named: string | null): string {
  const path = named === null ? "pg_catalog.current_setting('search_path')" : pg.escapeLiteral(named);
  return `select pg_catalog.set_config('search_path', pg_catalog.concat_ws(',', (
    select pg_catalog.string_agg(part, ',' order by place)
    from pg_catalog.unnest(pg_catalog.string_to_array(${path}, ',')) with ordinality as path(part, place)
    where pg_catalog.btrim(part) operator(pg_catalog.<>) 'pg_catalog'
      and pg_catalog.btrim(part) operator(pg_catalog.<>) '"pg_catalog"'
      and pg_catalog.btrim(part) operator(pg_catalog.<>) ''
  ), 'pg_temp'), ${isLocal})`;
}
