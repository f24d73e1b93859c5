import type { Failure } from "../../postgres/failure/failure.ts";
import { batchLimitMs } from "../batch/batch-limits.ts";

/** A row that times out alone so often is slow, not just unlucky. */
const timeoutsAtMost = 2;
/** How long a worker waits for the lock of one row before it goes on with other rows. */
const lockPatienceMs = 10_000;
/** If more rows are locked, a whole part of the table probably is, and the workers wait for it. */
const mostLocked = 20;

/** How many locked rows the workers of a process have rejected. */
export class LockedRows {
  #count = 0;

  /** Returns whether one more row may be rejected, and counts it. */
  take(): boolean {
    if (this.#count >= mostLocked) return false;
    this.#count += 1;
    return true;
  }
}

/** Why a row is rejected. It is tried again at the end of the run. */
export interface StuckReject {
  readonly sqlstate: string;
  readonly reason: string;
}

/** Watches the row of a one-row batch that fails, and decides when the worker goes on without it. */
export class StuckRow {
  readonly #locked: LockedRows;
  #timeouts = 0;
  #lockedSince: number | null = null;
  #blockers: readonly string[] = [];

  constructor(locked: LockedRows) {
    this.#locked = locked;
  }

  /** Whether the row waits for a lock. The next attempt then looks for the sessions that hold it. */
  get isLocked(): boolean {
    return this.#lockedSince !== null;
  }

  /** Notes a failed attempt at the row. Returns why it is rejected, or null to try it again. */
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

  /** Notes that the worker went on. */
  passed(): void {
    this.#timeouts = 0;
    this.#lockedSince = null;
    this.#blockers = [];
  }
}
