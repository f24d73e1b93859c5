/** How a run works in a test of a job on a few rows. Set by `tidefill/testing`. */
export interface InTest {
  /** the most rows of a batch, at least 1 */
  readonly batchRows: number;
}

/** Small ranges, so that several workers find work in a table of a few rows. */
const batchesPerRange = 3;

/** The most keys of a range; unlimited outside a test. */
export function rangeRowsOf(inTest: InTest | null): number {
  return inTest === null ? Number.POSITIVE_INFINITY : batchesPerRange * inTest.batchRows;
}
