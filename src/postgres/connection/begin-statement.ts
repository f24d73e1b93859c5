import {
  defaultLimits,
  literal,
  noticeLostClient,
  pinSearchPath,
  plainName,
  setTo,
  setWhereKnown,
  type TransactionLimits,
} from "./transaction-limits.ts";

/** What a session answered when it began its first transaction: later ones need not ask again. */
export interface SessionFacts {
  /** the process id of its backend */
  readonly pid: string;
  /** the search path of its transactions */
  readonly searchPath: string;
  /** the settings that its server has, of those that only some servers have */
  readonly has: { readonly transactionTimeout: boolean; readonly connectionCheck: boolean };
}

/**
 * BEGIN and all settings of a session's first transaction, as one message. They are local, so that nothing is
 * left on a connection that a transaction pooler hands to another client.
 */
export function beginStatement(
  limits: Partial<TransactionLimits> = {},
  searchPath: string | null = null,
  session: Readonly<Record<string, string>> = {},
): string {
  const list = [
    ...[...settingsOf(limits), ...Object.entries(session)].map(([name, value]) =>
      setTo(name, literal(value)),
    ),
    `${pinSearchPath(true, searchPath)} as search_path`,
    `${setWhereKnown("transaction_timeout", wholeMs(limits))} as transaction_timeout`,
    `${noticeLostClient(true)} as connection_check`,
    "pg_catalog.pg_backend_pid() as pid",
  ];
  return `begin isolation level read committed; select ${list.join(",\n  ")}`;
}

/** What the answer to `beginStatement` says about its session; null where it has no row. */
export function factsOf(row: Readonly<Record<string, unknown>> | undefined): SessionFacts | null {
  if (typeof row?.search_path !== "string") return null;
  const has = {
    transactionTimeout: row.transaction_timeout !== null,
    connectionCheck: row.connection_check !== null,
  };
  return { pid: String(row.pid), searchPath: row.search_path, has };
}

/**
 * The same for a later transaction of the session. What is always the same is set by `set local`, which takes a
 * third of the time of `set_config`. The rest is not: `pg_stat_statements` would keep each value as a statement.
 */
export function beginAgain(
  limits: Partial<TransactionLimits>,
  { searchPath, has }: SessionFacts,
  session: Readonly<Record<string, string>>,
): string {
  const settings = settingsOf(limits);
  const fixed = [
    ...settings.filter(([name]) => !changing.has(name)),
    ...(has.connectionCheck ? ([["client_connection_check_interval", "1000"]] as const) : []),
  ];
  const chosen = [
    ...settings.filter(([name]) => changing.has(name)),
    ...(has.transactionTimeout ? ([["transaction_timeout", String(wholeMs(limits))]] as const) : []),
    ...Object.entries(session),
    ["search_path", searchPath] as const,
  ];
  const select = `select ${chosen.map(([name, value]) => setTo(name, literal(value))).join(", ")}`;
  const local = fixed.map(([name, value]) => `set local ${name} = ${literal(value)}`);
  return ["begin isolation level read committed", ...local, select].join("; ");
}

const changing = new Set([
  "lock_timeout",
  "statement_timeout",
  "idle_in_transaction_session_timeout",
  "application_name",
]);

function settingsOf(limits: Partial<TransactionLimits>): readonly (readonly [string, string])[] {
  const { lockMs, statementMs, idleMs, name, mayBeForgotten } = { ...defaultLimits, ...limits };
  return Object.entries({
    lock_timeout: String(Math.ceil(lockMs)),
    statement_timeout: String(Math.ceil(statementMs)),
    idle_in_transaction_session_timeout: String(Math.ceil(idleMs)),
    // Texts must mean the same when they are read and when they are written back. ISO keeps the database's
    // order of day and month, and the time zone stays, too: triggers and the job's own SQL rely on both.
    datestyle: "ISO",
    intervalstyle: "postgres",
    extra_float_digits: "1",
    bytea_output: "hex",
    xmloption: "content",
    array_nulls: "on",
    // Rows hidden by a policy would be missed silently; this makes it an error. Statements that fire
    // triggers turn it on first.
    row_security: "off",
    // A batch is short and must never scan more than its own keys.
    enable_seqscan: "off",
    max_parallel_workers_per_gather: "0",
    jit: "off",
    ...(mayBeForgotten === true ? { synchronous_commit: "off" } : {}),
    ...(name === undefined ? {} : { application_name: plainName(name) }),
  });
}

function wholeMs(limits: Partial<TransactionLimits>): number {
  return Math.ceil(limits.wholeMs ?? defaultLimits.wholeMs);
}
