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

/** Another worker has taken the range over; the batch was rolled back and nothing of it was written. */
export class LeaseLostError extends TidefillError {
  constructor(range: bigint) {
    super("lease-lost", `The lease on range ${range} was lost, and its batch was rolled back.`);
  }
}

/** COMMIT was sent and no answer came: only the store can tell whether the batch is there. */
export class CommitUnknownError extends TidefillError {
  constructor(cause: unknown) {
    super("commit-unknown", "The connection was lost while a commit was under way.", { cause });
  }
}

/** COMMIT was answered with something else: after an error inside, PostgreSQL rolls back and says so without an error. */
export class NotCommittedError extends TidefillError {
  constructor(answer: string) {
    super("not-committed", `COMMIT was answered with ${answer}: the transaction was rolled back.`);
  }
}

/** Nothing went forward for so long that people should look; the run can be resumed. */
export class NoProgressError extends TidefillError {
  constructor(minutes: number, cause: unknown) {
    super(
      "no-progress",
      `Nothing went forward for ${minutes} minutes; the last obstacle: ${messageOf(cause).replace(/\.$/, "")}.`,
      { cause },
    );
  }
}

/**
 * Rows that were sent to a table and did not arrive, though PostgreSQL reported no error: a trigger swallowed them. The batch was
 * rolled back, to be tried in halves until each such row stands alone.
 */
export class SwallowedError extends TidefillError {
  constructor(table: string) {
    super("swallowed", swallowedBy(table));
  }
}

/** Why a row whose write did not happen is rejected. */
export function swallowedBy(table: string): string {
  return `a trigger of ${table} swallowed the write`;
}

/** All rows were gone over, and triggers have swallowed the writes of some: the run is not done. */
export class RowsSwallowedError extends TidefillError {
  /** `suspects` are the tables whose triggers see a row before it is written, with these triggers. */
  constructor(rows: number, suspects: readonly string[]) {
    const which = suspects.length === 0 ? "" : ` of ${suspects.join(" or ")}`;
    super(
      "rows-swallowed",
      `${rows} rows were to be written and were not: a trigger${which} swallowed the writes.`,
      {
        remedy:
          "Let the trigger pass them and type `tidefill resume`, which tries them again; or leave them out by the job's `where`.",
      },
    );
  }
}

/** A row had to be rejected, and the list of rejects did not take it: going on would lose it. */
export class RejectNotKeptError extends TidefillError {
  constructor(why: string, cause: unknown) {
    super(
      "reject-not-kept",
      `A row could not be put on the list of rejects: ${why}. Nothing of its batch was written.`,
      {
        remedy: "Look at the triggers and the rights of tidefill's table `reject`, then resume the run.",
        cause,
      },
    );
  }
}

/** A name that a run reads or writes stands for another table than when the run began, or for other rows. */
export class TableChangedError extends TidefillError {
  constructor(message: string, remedy: string) {
    super("table-changed", message, { remedy });
  }
}

/** None of the servers that an address names can be used; another time one may. */
export class NoServerError extends TidefillError {
  constructor(message: string, details: ErrorDetails) {
    super("unreachable", message, details);
  }
}

/** A server wants a password, and none can be had. */
export class PasswordError extends TidefillError {
  constructor(message: string, details: ErrorDetails) {
    super("password", message, details);
  }
}

/** A connection cannot be encrypted, or its certificate verified, as the settings ask. */
export class TlsError extends TidefillError {
  constructor(message: string, details: ErrorDetails) {
    super("tls", message, details);
  }
}

/** The way over the key's index took too long although next to nothing was asked for; the run can be resumed. */
export class WalkTooSlowError extends TidefillError {
  constructor(message: string, remedy: string, cause: unknown) {
    super("no-progress", message, { remedy, cause });
  }
}

/** The batch holds more than its budget of rows or bytes; it was rolled back, to be tried smaller. */
export class BatchTooBigError extends TidefillError {
  constructor(reason: "bytes" | "rows" | "time") {
    super("batch-too-big", `The batch was over its budget of ${reason}.`);
  }
}

/** A job that cannot be right: the run stops, since going on would write wrong rows. */
export class JobError extends TidefillError {
  constructor(message: string, details: ErrorDetails = {}) {
    super("job", message, details);
  }
}

/** A message for people out of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
