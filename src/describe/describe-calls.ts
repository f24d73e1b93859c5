import type { DryCallsReport } from "../engine/preview/dry-calls.ts";
import type { CallCost } from "../job/definition/calls.ts";
import { formatCount, formatSeconds } from "../observe/format.ts";
import { type CallTally, plusCalls, type Run } from "../store/runs/run.ts";

/** How long all calls take at least, and what they cost, as far as that is known. */
export function describeWhole({ seconds, cost }: DryCallsReport["whole"]): string[] {
  return [
    ...(seconds === null ? [] : [`at least ${formatSeconds(seconds)}`]),
    ...(cost === null ? [] : [`about ${describeCost(cost)}`]),
  ];
}

/** The calls of a run so far: how many, how many of them failed, and what they cost. */
export function describeTally({ made, failed, cost }: CallTally): string {
  const costs = Object.entries(cost).map(([currency, amount]) => describeCost({ amount, currency }));
  return [
    `${formatCount(made)} ${made === 1 ? "call" : "calls"} made`,
    ...(failed === 0 ? [] : [`${formatCount(failed)} of them failed`]),
    ...costs,
  ].join(", ");
}

/** What an undo of these runs does not take back; null where they called no other system. */
export function describeStayingCalls(runs: readonly Pick<Run, "id" | "calls">[]): string | null {
  const calling = runs.filter(({ calls }) => calls.made > 0);
  if (calling.length === 0) return null;
  const calls = calling.map((run) => run.calls).reduce(plusCalls);
  const ids = calling.map(({ id }) => id).join(", ");
  return `What other systems did stays (${calling.length === 1 ? "run" : "runs"} ${ids}: ${describeTally(calls)}). If the job runs again, it makes the calls again, also with effects "at most once".`;
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
