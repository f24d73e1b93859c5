import pg from "pg";
import {
  CommitUnknownError,
  NoServerError,
  NotCommittedError,
  PasswordError,
  SwallowedError,
} from "../../errors.ts";
import { type PoolerMeaning, poolerMeaning } from "./pooler-meaning.ts";

/** What to do about a statement that failed. */
export type FailureAction =
  /** passing: retry the same batch after a pause */
  | "retry"
  /** the batch blocked a session or took too long: a smaller one, after a pause */
  | "shrink"
  /** the rows or the expression are at fault: halve the batch until the row stands alone */
  | "reject"
  /** a retry cannot help */
  | "stop";

/** A bounded set of reasons, safe as a metric label. */
export type FailureReason =
  | "lock"
  | "deadlock"
  | "serialization"
  | "timeout"
  | "connection"
  | "login"
  | "resources"
  | "data"
  | "other";

export interface Failure {
  readonly action: FailureAction;
  readonly reason: FailureReason;
  /** PostgreSQL's five characters; null when the failure was not reported by PostgreSQL. */
  readonly sqlstate: string | null;
}

type Verdict = readonly [FailureAction, FailureReason];

const byCode: Readonly<Record<string, Verdict>> = {
  "40001": ["retry", "serialization"],
  "40P01": ["shrink", "deadlock"],
  "55P03": ["shrink", "lock"],
  "57014": ["shrink", "timeout"],
  "25P03": ["shrink", "timeout"],
  "25P04": ["shrink", "timeout"],
  "57P05": ["retry", "connection"],
  "57P01": ["retry", "connection"],
  "57P02": ["retry", "connection"],
  "57P03": ["retry", "connection"],
  // A primary that became a standby, or is about to be a primary again.
  "25006": ["retry", "connection"],
  "53200": ["shrink", "resources"],
  // A snapshot that grew too old (before PostgreSQL 17) ends with its transaction.
  "72000": ["retry", "serialization"],
  "54000": ["reject", "data"],
  "54001": ["reject", "data"],
  // Raised by PL/pgSQL in a trigger because of one row: `select into strict`, a `case` without `else`.
  "20000": ["reject", "data"],
  P0002: ["reject", "data"],
  P0003: ["reject", "data"],
  P0001: ["reject", "data"],
  P0004: ["reject", "data"],
};

const byClass: Readonly<Record<string, Verdict>> = {
  "08": ["retry", "connection"],
  // A password was changed, or the role may not log in for a while: a run that has begun waits.
  "28": ["retry", "login"],
  "40": ["retry", "serialization"],
  "53": ["retry", "resources"],
  // Data exceptions, cardinality, integrity constraints, and what the user's functions raise.
  "21": ["reject", "data"],
  "22": ["reject", "data"],
  "23": ["reject", "data"],
  "2F": ["reject", "data"],
  "38": ["reject", "data"],
  "39": ["reject", "data"],
  "44": ["reject", "data"],
};

const stop: Verdict = ["stop", "other"];

/** The SQL standard's "triggered action exception": the state of a reject whose write a trigger swallowed. */
export const swallowedState = "09000";

/** Meanings of a pooler's 08P01, which would otherwise count as a lost connection. */
const byPooler: Readonly<Record<PoolerMeaning, Verdict>> = {
  parameter: stop,
  "statement pooling": stop,
  "no database": stop,
  login: ["retry", "login"],
  connections: ["retry", "resources"],
};

/** Classifies a failure by SQLSTATE. An unknown one stops the run: an error must never look like success. */
export function classifyFailure(error: unknown): Failure {
  if (error instanceof SwallowedError) return { action: "reject", reason: "data", sqlstate: swallowedState };
  const sqlstate = sqlstateOf(error);
  if (error instanceof PasswordError) return { action: "retry", reason: "login", sqlstate };
  if (sqlstate === null) {
    const isPassing =
      error instanceof CommitUnknownError || error instanceof NotCommittedError || isConnectionLoss(error);
    const [action, reason]: Verdict = isPassing ? ["retry", "connection"] : stop;
    return { action, reason, sqlstate };
  }
  if (isWraparound(error)) return { action: "retry", reason: "resources", sqlstate };
  const meaning = poolerMeaning(error);
  const [action, reason] =
    (meaning === null ? undefined : byPooler[meaning]) ??
    byCode[sqlstate] ??
    byClass[sqlstate.slice(0, 2)] ??
    (isStandard(sqlstate) ? stop : raised);
  return { action, reason, sqlstate };
}

/**
 * Whether PostgreSQL has stopped assigning transaction ids to keep old rows readable: no write can succeed
 * until vacuum has frozen them. Its SQLSTATE is the same as for rows too long for an index.
 */
export function isWraparound(error: unknown): boolean {
  return (
    error instanceof pg.DatabaseError &&
    error.code === "54000" &&
    /^GetNew(Transaction|MultiXact)Id$/.test(error.routine ?? "")
  );
}

/** Whether the server's lock table is full: fewer workers help, smaller batches do not. */
export function isLockTableFull(error: unknown): boolean {
  return (
    error instanceof pg.DatabaseError &&
    error.code === "53200" &&
    /max_(pred_)?locks_per_transaction/.test(error.hint ?? "")
  );
}

/** The classes that PostgreSQL itself uses; any other was raised by a trigger or function for a row. */
const standardClasses = new Set(
  "00 01 02 03 08 09 0A 0B 0F 0L 0P 0Z 10 20 21 22 23 24 25 26 27 28 2B 2D 2F 34 38 39 3B 3D 3F 40 42 44 53 54 55 57 58 72 F0 HV P0 XX".split(
    " ",
  ),
);

const raised: Verdict = ["reject", "data"];

function isStandard(sqlstate: string): boolean {
  return standardClasses.has(sqlstate.slice(0, 2));
}

/**
 * Whether a failure's message is about the statement or the server, so that it contains no value of a row. It
 * also recognizes what a trigger or function raised or built as SQL: that may contain a value under any code.
 */
function isAboutServer(error: pg.DatabaseError): boolean {
  return !isWordedByUser(error) && /^(08|0A|25|26|28|3D|3F|42|53|55|57|58|XX)/.test(error.code ?? "");
}

function isWordedByUser({ routine, where = "" }: pg.DatabaseError): boolean {
  return routine === "exec_stmt_raise" || /\bEXECUTE$/m.test(where);
}

/** A failure in PostgreSQL's words where they contain no value of a row, otherwise by its code and names. */
export function describeFailure(error: pg.DatabaseError): string {
  return isAboutServer(error) || isWraparound(error)
    ? `${error.message} (SQLSTATE ${error.code})`
    : describeWithoutValues(error);
}

/** The SQLSTATE that PostgreSQL sent, or null. */
export function sqlstateOf(error: unknown): string | null {
  return error instanceof pg.DatabaseError && typeof error.code === "string" ? error.code : null;
}

const networkCodes = new Set([
  "ECONNRESET",
  "ECONNREFUSED",
  "EPIPE",
  "ETIMEDOUT",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOENT",
]);

/** Whether the connection was lost, whatever the driver calls it. */
export function isConnectionLoss(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof NoServerError) return true;
  if ("code" in error && typeof error.code === "string" && networkCodes.has(error.code)) return true;
  // node-postgres gives these errors no code.
  return /Connection terminated|Client has encountered a connection error|timeout (?:expired|exceeded) when trying to connect|Client was closed|socket (?:hang up|has been ended)|not queryable/i.test(
    error.message,
  );
}

/**
 * A failure of PostgreSQL without any value of a row. `detail`, `where` and often the message itself contain
 * values (`Key (email)=(…) already exists`), so only the code and the names are kept.
 */
export function describeWithoutValues(error: unknown): string {
  if (error instanceof SwallowedError) return error.message;
  if (!(error instanceof pg.DatabaseError)) return error instanceof Error ? error.name : "unknown";
  const named = (["constraint", "table", "column"] as const)
    .map((name) => (error[name] ? `${name} ${error[name]}` : null))
    .filter((text) => text !== null);
  const condition = conditions[error.code ?? ""] ?? `SQLSTATE ${error.code ?? "unknown"}`;
  return [condition, ...named, ...typeIn(error)].join(", ");
}

/** The type that a text does not fit, where PostgreSQL's message names it before the text. */
function typeIn(error: pg.DatabaseError): readonly string[] {
  if (error.code !== "22P02" || isWordedByUser(error)) return [];
  const [, type] =
    /^invalid input (?:syntax for type|value for enum) ([^:"]+)(?:: |$)/.exec(error.message) ?? [];
  return type === undefined ? [] : [`type ${type}`];
}

/** The commonest conditions, named as in PostgreSQL's documentation. */
const conditions: Readonly<Record<string, string>> = {
  "21000": "cardinality violation",
  "22001": "value too long",
  "22003": "number out of range",
  "22007": "invalid date or time",
  "22008": "date or time out of range",
  "22012": "division by zero",
  "22021": "bytes that are not valid text in the client's encoding, UTF-8",
  "22P02": "invalid text for its type",
  "23502": "not-null violation",
  "23503": "foreign key violation",
  "23505": "unique violation",
  "23514": "check violation",
  "23P01": "exclusion violation",
  P0001: "raised by a trigger or function",
};

/** Whether the connection on which it happened must not be reused. */
export function leavesConnectionUnfit(error: unknown): boolean {
  const code = sqlstateOf(error);
  return (
    error instanceof CommitUnknownError ||
    // A server that became a standby is left, so that the next connect finds the primary.
    (code === null ? isConnectionLoss(error) : /^(57P|08|25006|25P0[34])/.test(code))
  );
}
