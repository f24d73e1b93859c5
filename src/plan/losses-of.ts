import type { Step } from "../job/steps/steps.ts";
import { lossesIn } from "../sql-checks/losses-in.ts";

/** What a step takes away with the values in it, for people; empty where it takes nothing. An index can be made again. */
export async function lossesOf(step: Step): Promise<readonly string[]> {
  if (step.kind === "drop column" || step.kind === "drop table") return [step.name];
  if (step.kind !== "sql") return [];
  const losses: string[] = [];
  for (const text of step.up) losses.push(...(await lossesIn(text.toString())));
  return losses;
}
