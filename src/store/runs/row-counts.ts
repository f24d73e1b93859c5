/** What was done with rows, counted. */
export interface RowCounts {
  readonly read: number;
  readonly written: number;
  readonly unchanged: number;
  readonly skipped: number;
  readonly rejected: number;
  /** rows whose write a trigger swallowed: they were not written, though PostgreSQL reported no error */
  readonly swallowed: number;
  /** inserted rows that met an existing row; conflicts of an undo; differences of a verify */
  readonly conflicted: number;
}

/** What batches did with rows, and how many keys they walked, whether or not there was anything to do. */
export interface BatchCounts extends RowCounts {
  readonly walked: number;
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

const names = Object.keys(noCounts) as readonly (keyof BatchCounts)[];

/** The counts, with the number that `count` returns for each name. */
export function eachCount(count: (name: keyof BatchCounts) => number): BatchCounts {
  return Object.fromEntries(names.map((name) => [name, count(name)])) as Record<keyof BatchCounts, number>;
}

/** Only the counts of rows, without the keys walked. */
export function rowsOf(counts: RowCounts): RowCounts {
  const { read, written, unchanged, skipped, rejected, swallowed, conflicted } = counts;
  return { read, written, unchanged, skipped, rejected, swallowed, conflicted };
}
