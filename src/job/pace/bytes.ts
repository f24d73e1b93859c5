import { UsageError } from "../../errors.ts";

const units = { B: 1, kB: 1_024, MB: 1_024 ** 2, GB: 1_024 ** 3, TB: 1_024 ** 4 } as const;

/** An amount of bytes with its unit, in powers of two as in PostgreSQL's settings: `"512MB"`. */
export type Bytes = `${number}${keyof typeof units}`;

/** @throws UsageError when it is not an amount of bytes */
export function parseBytes(text: string): number {
  const found = /^(\d+(?:\.\d+)?) ?(B|kB|MB|GB|TB)$/.exec(text);
  if (found === null)
    throw new UsageError(`"${text}" is not an amount of bytes.`, {
      remedy: 'Write a number and a unit: "512MB", "1.5GB".',
    });
  return Number(found[1]) * units[found[2] as keyof typeof units];
}
