import { UsageError } from "../../errors.ts";

const milliseconds = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

type Unit = keyof typeof milliseconds;

/** A length of time with its unit: `"250ms"`, `"30s"`, `"1h30m"`. */
export type Duration = `${number}${Unit}` | `${number}${Unit}${number}${Unit}`;

/** Milliseconds of a duration. @throws UsageError when it is not a duration */
export function parseDuration(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/gy)];
  const length = parts.reduce((sum, part) => sum + part[0].length, 0);
  if (parts.length === 0 || length !== text.length) {
    throw new UsageError(`"${text}" is not a duration.`, {
      remedy: 'Write a number and a unit: "250ms", "30s", "1h30m".',
    });
  }
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * milliseconds[unit as Unit], 0);
}
