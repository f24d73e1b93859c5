/** How a run works whose only purpose is to try a job out on a few rows; `tidefill/testing` says so. */
export interface InTest {
  /** rows of a batch at most, from 1 */
  readonly batchRows: number;
}

/** Several workers are to find something to do in a table of a few rows. */
const batchesPerRange = 3;

/** Keys of a range at most; no limit of its own outside of a test. */
export function rangeRowsOf(inTest: InTest | null): number {
  return inTest === null ? Number.POSITIVE_INFINITY : batchesPerRange * inTest.batchRows;
}
