import type { DryCallsReport } from "../../engine/preview/dry-calls.ts";
import type { CallCost } from "../../job/definition/calls.ts";
import { formatCount, formatSeconds } from "../../observe/format.ts";

/** How long all calls take at least, and what they cost, as far as that is known. */
export function describeWhole({ seconds, cost }: DryCallsReport["whole"]): string[] {
  return [
    ...(seconds === null ? [] : [`at least ${formatSeconds(seconds)}`]),
    ...(cost === null ? [] : [`about ${describeCost(cost)}`]),
  ];
}

/** What a dry run has asked, a line each. */
export function describeDryCalls(calls: DryCallsReport): string[] {
  const { made, failed, secondsEach, cost, areKept, isPersonal, whole } = calls;
  const told = [
    `${formatCount(made)} made for real`,
    ...(failed === 0 ? [] : [`${formatCount(failed)} of them failed`]),
    ...(secondsEach === null ? [] : [`${secondsEach} s each`]),
    ...(cost === null ? [] : [describeCost(cost)]),
  ];
  const kept = areKept
    ? "the next run uses the answers"
    : isPersonal
      ? "answers about persons are not kept"
      : "the answers are not kept, since tidefill's schema is not installed: tidefill schema install";
  const all = [`~${formatCount(whole.calls)} calls`, ...describeWhole(whole)].join(", ");
  return [`  calls     ${told.join(", ")}; ${kept}`, `  all calls ${all} with one process (an estimate)`];
}

function describeCost({ amount, currency }: CallCost): string {
  return `${amount.toLocaleString("en", { maximumFractionDigits: amount < 1 ? 6 : 2 })} ${currency}`;
}
