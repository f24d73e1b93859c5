/** An estimate: the real figure should lie between both ends. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

export const nothing: Interval = { low: 0, high: 0 };

/** The sum of estimates. */
export function plus(...intervals: readonly Interval[]): Interval {
  return {
    low: intervals.reduce((total, { low }) => total + low, 0),
    high: intervals.reduce((total, { high }) => total + high, 0),
  };
}

/** The product of two estimates, neither of which is negative. */
export function times(left: Interval | number, right: Interval | number): Interval {
  const [a, b] = [asInterval(left), asInterval(right)];
  return { low: a.low * b.low, high: a.high * b.high };
}

/** Whole numbers: the low end rounded down, the high end rounded up. */
export function rounded({ low, high }: Interval): Interval {
  return { low: Math.floor(low), high: Math.ceil(high) };
}

function asInterval(value: Interval | number): Interval {
  return typeof value === "number" ? { low: value, high: value } : value;
}
