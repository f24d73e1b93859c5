/** What the loop asks before and after each batch; looked at between batches, so nothing here waits for anything. */
export interface BatchPace {
  /** how long a batch should take just now */
  readonly batchTimeMs: number;
  readonly rowsAtMost: number;
  /** Whether this worker is one of those that may work now. */
  mayWork(worker: number): boolean;
  /** Milliseconds until the next batch may begin; 0 means go on. */
  waitMs(): number;
  /** The server has no lock left to give: one worker less from now on. */
  locksRanOut(): void;
  /** Hears of a batch of `rows` rows that took so long. */
  worked(rows: number, batchMs: number): void;
}

/** Goes on and on at one pace: for a dry run, which is over soon. */
export class SteadyPace implements BatchPace {
  readonly batchTimeMs: number;
  readonly rowsAtMost = Number.POSITIVE_INFINITY;

  constructor(batchTimeMs: number) {
    this.batchTimeMs = batchTimeMs;
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
