/** What the loop asks before and after each batch. Answers at once, without waiting. */
export interface BatchPace {
  /** how long a batch should take now */
  readonly batchTimeMs: number;
  /** how long it should take were it not shortened for the sake of other commits: its timeouts come from this */
  readonly limitMs: number;
  readonly rowsAtMost: number;
  /** Whether this worker is one of those that may work now. */
  mayWork(worker: number): boolean;
  /** Milliseconds until the next batch may begin; 0 means go on. */
  waitMs(): number;
  /** Notes that the server's lock table is full, so one worker fewer works from now on. */
  locksRanOut(): void;
  /** Notes a batch of `rows` rows that took `batchMs`. */
  worked(rows: number, batchMs: number): void;
}

/** A constant pace, for a dry run. */
export class SteadyPace implements BatchPace {
  readonly batchTimeMs: number;
  readonly limitMs: number;
  readonly rowsAtMost = Number.POSITIVE_INFINITY;

  constructor(batchTimeMs: number) {
    this.batchTimeMs = batchTimeMs;
    this.limitMs = batchTimeMs;
  }

  mayWork(): boolean {
    return true;
  }

  waitMs(): number {
    return 0;
  }

  worked(): void {}

  locksRanOut(): void {}
}
