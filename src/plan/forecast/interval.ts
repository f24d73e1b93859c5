/** A figure that is not known better than this: the truth is meant to lie between both ends. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

export const nothing: Interval = { low: 0, high: 0 };

/** The sum of figures that are not known exactly. */
export function plus(...intervals: readonly Interval[]): Interval {
  return {
    low: intervals.reduce((total, { low }) => total + low, 0),
    high: intervals.reduce((total, { high }) => total + high, 0),
  };
}

/** The product of two figures of which neither is negative. */
export function times(left: Interval | number, right: Interval | number): Interval {
  const [a, b] = [asInterval(left), asInterval(right)];
  return { low: a.low * b.low, high: a.high * b.high };
}

/** Whole numbers, the low end rounded down and the high one up. */
export function rounded({ low, high }: Interval): Interval {
  return { low: Math.floor(low), high: Math.ceil(high) };
}

function asInterval(value: Interval | number): Interval {
  return typeof value === "number" ? { low: value, high: value } : value;
}
