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
      `Nothing went forward for ${minutes} minutes; the last obstacle: ${messageOf(cause)}.`,
      { cause },
    );
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
