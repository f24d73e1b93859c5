/** What a batch did, counted. */
export interface BatchCounts {
  readonly walked: number;
  readonly read: number;
  readonly written: number;
  readonly unchanged: number;
  readonly skipped: number;
  readonly rejected: number;
  /** rows whose write a trigger swallowed */
  readonly swallowed: number;
  readonly conflicted: number;
}

/** A batch that has met no row. */
export const noCounts: BatchCounts = {
  walked: 0,
  read: 0,
  written: 0,
  unchanged: 0,
  skipped: 0,
  rejected: 0,
  swallowed: 0,
  conflicted: 0,
};
