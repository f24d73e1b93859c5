interface ErrorDetails {
  /** What the reader can do about it, as a sentence or a command to type. */
  readonly remedy?: string;
  readonly cause?: unknown;
}

/** The base of every error that tidefill raises on purpose: `code` is stable, `remedy` says what to do. */
export class TidefillError extends Error {
  readonly code: string;
  readonly remedy: string | undefined;

  constructor(code: string, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.name = new.target.name;
    this.code = code;
    this.remedy = details.remedy;
  }
}

/** A job, a parameter or a setting is written wrongly; nothing was started. */
export class UsageError extends TidefillError {
  constructor(message: string, details: ErrorDetails = {}) {
    super("usage", message, details);
  }
}

/** A check refused the run before anything was written. */
export class RefusedError extends TidefillError {
  readonly check: string;

  constructor(check: string, message: string, remedy: string) {
    super("refused", message, { remedy });
    this.check = check;
  }
}

/** Another worker took over the range, so the batch was rolled back and none of it was written. */
export class LeaseLostError extends TidefillError {
  constructor(range: bigint) {
    super("lease-lost", `The lease on range ${range} was lost, and its batch was rolled back.`);
  }
}

/** COMMIT was sent but no answer came: only the store can tell whether the batch is committed. */
export class CommitUnknownError extends TidefillError {
  constructor(cause: unknown) {
    super("commit-unknown", "The connection was lost while a commit was under way.", { cause });
  }
}

/** COMMIT got another answer: after an error in the transaction, PostgreSQL rolls back without an error. */
export class NotCommittedError extends TidefillError {
  constructor(reason: string) {
    super("not-committed", `The transaction was rolled back: ${reason}.`);
  }
}

/** There was no progress for so long that an operator should look; the run can be resumed. */
export class NoProgressError extends TidefillError {
  /** `blockers` are the sessions that held what was waited for, in words. */
  constructor(minutes: number, cause: unknown, blockers: readonly string[] = []) {
    const held = blockers.length === 0 ? "" : `, held by ${blockers.join(" and ")}`;
    const obstacle = `${messageOf(cause).replace(/\.$/, "")}${held}`;
    super("no-progress", `There was no progress for ${minutes} minutes; the last obstacle: ${obstacle}.`, {
      cause,
    });
  }
}

/**
 * Rows were sent to a table but did not arrive, though PostgreSQL reported no error: a trigger swallowed
 * them. The batch was rolled back; it is halved and retried until each such row stands alone.
 */
export class SwallowedError extends TidefillError {
  constructor(table: string) {
    super("swallowed", swallowedBy(table));
  }
}

/** The reject reason of a row whose write a trigger swallowed. */
export function swallowedBy(table: string): string {
  return `a trigger of ${table} swallowed the write`;
}

/** All rows were processed, but triggers swallowed the writes of some: the run is not done. */
export class RowsSwallowedError extends TidefillError {
  /** `suspects` are the tables with a trigger that sees rows before they are written, with these triggers. */
  constructor(rows: number, suspects: readonly string[]) {
    const which = suspects.length === 0 ? "" : ` of ${suspects.join(" or ")}`;
    super("rows-swallowed", `${rows} rows were not written: a trigger${which} swallowed the writes.`, {
      remedy:
        "Let the trigger pass them and type `tidefill resume` to try them again, or exclude them in the job's `where`.",
    });
  }
}

/** A row had to be rejected, but the reject could not be stored: going on would lose the row. */
export class RejectNotKeptError extends TidefillError {
  constructor(why: string, cause: unknown) {
    super(
      "reject-not-kept",
      `A row could not be put on the list of rejects: ${why}. Nothing of its batch was written.`,
      {
        remedy: "Check the triggers and privileges of tidefill's table `reject`, then resume the run.",
        cause,
      },
    );
  }
}

/** A name that a run reads or writes stands for another table, or other rows, than when the run began. */
export class TableChangedError extends TidefillError {
  constructor(message: string, remedy: string) {
    super("table-changed", message, { remedy });
  }
}

/** No server that the address names can be used now; one may be usable later. */
export class NoServerError extends TidefillError {
  constructor(message: string, details: ErrorDetails) {
    super("unreachable", message, details);
  }
}

/** A server asks for a password, and none is available. */
export class PasswordError extends TidefillError {
  constructor(message: string, details: ErrorDetails) {
    super("password", message, details);
  }
}

/** A connection cannot be encrypted, or its certificate cannot be verified, as the settings demand. */
export class TlsError extends TidefillError {
  constructor(message: string, details: ErrorDetails) {
    super("tls", message, details);
  }
}

/** Walking the key's index took too long although almost nothing was asked for; the run can be resumed. */
export class WalkTooSlowError extends TidefillError {
  constructor(message: string, remedy: string, cause: unknown) {
    super("no-progress", message, { remedy, cause });
  }
}

/** The batch exceeds its budget of rows, bytes or time; it was rolled back and is retried smaller. */
export class BatchTooBigError extends TidefillError {
  constructor(reason: "bytes" | "rows" | "time") {
    super("batch-too-big", `The batch was over its budget of ${reason}.`);
  }
}

/** The job is certainly wrong: the run stops, since going on would write wrong rows. */
export class JobError extends TidefillError {
  constructor(message: string, details: ErrorDetails = {}) {
    super("job", message, details);
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
