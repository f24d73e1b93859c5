/** The number of rows of a planned range, and the stage of the rollout in which it is worked on. */
export interface Slice {
  readonly rows: number;
  readonly stage: number;
}

/** A canary is spread over at least so many places. */
const placesAtLeast = 10;

/**
 * How many keys to cut into slices at a time: enough that the smallest stage gets a row, and few enough that
 * it is spread over the whole key space.
 */
export function segmentRows(wished: number, estimatedWalk: number, shares: readonly number[]): number {
  if (shares.length <= 1) return wished;
  const smallest = Math.min(...shares.map((share, index) => share - (shares[index - 1] ?? 0)));
  const spread = Math.max(1, Math.ceil(estimatedWalk / placesAtLeast));
  return Math.max(Math.ceil(1 / smallest), Math.min(wished, spread));
}

/**
 * Cuts `rows` keys into one slice for each stage, in random order: stratified sampling, so that each stage
 * gets old and new rows alike. The first segment begins with the first stage, so that this stage is never
 * empty.
 */
export function slice(
  rows: number,
  shares: readonly number[],
  isFirst: boolean,
  random: () => number = Math.random,
): Slice[] {
  const slices = shares.map((share, stage) => ({
    stage,
    rows: Math.max(1, Math.round(rows * (share - (shares[stage - 1] ?? 0)))),
  }));
  const [first, ...rest] = slices;
  if (first === undefined) return [{ rows, stage: 0 }];
  return isFirst ? [first, ...shuffled(rest, random)] : shuffled(slices, random);
}

/** The Fisher–Yates shuffle. */
function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const order = [...items];
  for (let last = order.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [order[last], order[other]] = [order[other] as T, order[last] as T];
  }
  return order;
}
