import type { Failure } from "../../postgres/failure/failure.ts";
import { batchLimitMs } from "../batch/batch-limits.ts";

/** A row that takes all the time that one row may take is slow, and not only unlucky, after so many attempts. */
const timeoutsAtMost = 2;
/** So long a worker waits for the lock of one row before it goes on with the others. */
const lockPatienceMs = 10_000;
/** Where more rows are locked, a whole part of the table is: then there is nothing to do but to wait. */
const mostLocked = 20;

/** How many locked rows the workers of a process have rejected. */
export class LockedRows {
  #count = 0;

  /** Whether one more may be rejected; counts it. */
  take(): boolean {
    if (this.#count >= mostLocked) return false;
    this.#count += 1;
    return true;
  }
}

/** Why a row is rejected, to be tried once more at the end. */
export interface StuckReject {
  readonly sqlstate: string;
  readonly reason: string;
}

/** Watches the one row of a batch that cannot be made smaller, and decides when the worker goes on without it. */
export class StuckRow {
  readonly #locked: LockedRows;
  #timeouts = 0;
  #lockedSince: number | null = null;
  #blockers: readonly string[] = [];

  constructor(locked: LockedRows) {
    this.#locked = locked;
  }

  /** Whether the row waits for a lock, so that the next attempt should look who holds it. */
  get isLocked(): boolean {
    return this.#lockedSince !== null;
  }

  /** An attempt at the row failed; answers why it is rejected, or null while it should be tried again. */
  failed({ reason, sqlstate }: Failure, blockers: readonly string[]): StuckReject | null {
    if (reason === "timeout") {
      this.#timeouts += 1;
      const slow = `the write took longer than ${batchLimitMs / 1_000} s`;
      return this.#timeouts < timeoutsAtMost ? null : { sqlstate: "57014", reason: slow };
    }
    if (reason !== "lock" && reason !== "deadlock") return null;
    const now = performance.now();
    this.#lockedSince ??= now;
    if (blockers.length > 0) this.#blockers = blockers;
    if (now - this.#lockedSince < lockPatienceMs || !this.#locked.take()) return null;
    const by = this.#blockers.length === 0 ? "by another session" : `by ${this.#blockers.join(" and ")}`;
    return { sqlstate: sqlstate ?? "55P03", reason: `locked ${by}` };
  }

  /** The worker went on. */
  passed(): void {
    this.#timeouts = 0;
    this.#lockedSince = null;
    this.#blockers = [];
  }
}
