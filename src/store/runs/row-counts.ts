/** What was done with rows, counted. */
export interface RowCounts {
  readonly read: number;
  readonly written: number;
  readonly unchanged: number;
  readonly skipped: number;
  readonly rejected: number;
  /** rows that were to be written and were not, though PostgreSQL reported no error: a trigger swallowed the write */
  readonly swallowed: number;
  /** rows that met another one; conflicts of an undo, differences of a verify */
  readonly conflicted: number;
}

/** What batches did: with the keys that they walked over, whether or not there was anything to do. */
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

/** The counts that `count` answers for each of their names. */
export function eachCount(count: (name: keyof BatchCounts) => number): BatchCounts {
  return Object.fromEntries(names.map((name) => [name, count(name)])) as Record<keyof BatchCounts, number>;
}

/** The rows alone, without what else is known. */
export function rowsOf(counts: RowCounts): RowCounts {
  const { read, written, unchanged, skipped, rejected, swallowed, conflicted } = counts;
  return { read, written, unchanged, skipped, rejected, swallowed, conflicted };
}
