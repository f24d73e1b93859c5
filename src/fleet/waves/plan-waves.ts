import { UsageError } from "../../errors.ts";

/**
 * Splits targets into waves: `1,10%,100%` is the first target, then up to a tenth of all, then the rest. Each
 * part counts all targets so far, as the stages of a run do.
 * @throws UsageError for what is not such a list
 */
export function planWaves<T>(targets: readonly T[], text: string): readonly (readonly T[])[] {
  const ends = text.split(",").map((part) => endOf(part.trim(), targets.length, text));
  const waves: (readonly T[])[] = [];
  let begin = 0;
  for (const [at, end] of ends.entries()) {
    if (at > 0 && end < (ends[at - 1] ?? 0))
      throw noWaves(text, "each part must be larger than the one before");
    if (end > begin) waves.push(targets.slice(begin, end));
    begin = Math.max(begin, end);
  }
  if (begin < targets.length) throw noWaves(text, "the last part must be 100%");
  return waves;
}

function endOf(part: string, count: number, text: string): number {
  const [, digits, percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(part) ?? [];
  const number = Number(digits);
  if (digits === undefined || number <= 0)
    throw noWaves(text, `"${part}" is neither a number of targets nor a share`);
  if (percent === "%") {
    if (number > 100) throw noWaves(text, `"${part}" is more than all targets`);
    return Math.min(count, Math.ceil((number / 100) * count));
  }
  if (!Number.isInteger(number)) throw noWaves(text, `"${part}" is not a whole number of targets`);
  return Math.min(count, number);
}

function noWaves(text: string, why: string): UsageError {
  return new UsageError(`"${text}" are no waves: ${why}.`, { remedy: "Write --waves 1,10%,100%" });
}
