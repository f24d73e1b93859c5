import { formatBytes, formatBytesInterval } from "../observe/format.ts";
import type { Forecast } from "../plan/forecast/forecast.ts";
import type { WriteImpact } from "../plan/open/write-impact.ts";

/** By how much table and indexes grow, and what is left for vacuum. */
export function describeBloat({
  growthBytes,
  deadBytes,
}: Pick<Forecast, "growthBytes" | "deadBytes">): string {
  const grows =
    growthBytes.high > 0
      ? `table and indexes grow by ${formatBytesInterval(growthBytes)} unless vacuum makes room; `
      : "";
  return `${grows}${deadBytes.high > 0 ? `${formatBytesInterval(deadBytes)} of dead rows for vacuum` : "no dead rows"}`;
}

/** Whether updates can leave all indexes alone. */
export function describeHot({
  canBeHot,
  fillFactor,
  indexes,
}: Pick<WriteImpact, "canBeHot" | "fillFactor" | "indexes">): string {
  if (!canBeHot)
    return `no: ${indexes.length} index(es) hold a written column, so every update adds to every index`;
  return fillFactor < 100
    ? `yes, where a page has room (fillfactor ${fillFactor})`
    : "possible, as no index holds a written column; at fillfactor 100 most pages have no room for it";
}

/** What would make it cheaper, one line for each. */
export function describeAdvice({ advice }: Pick<Forecast, "advice">): string[] {
  return advice.map(
    ({ action, why, bytes }) => `${action}${bytes === null ? "" : ` (${formatBytes(bytes)})`}: ${why}`,
  );
}
