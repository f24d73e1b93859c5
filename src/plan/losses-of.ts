import type { Step } from "../job/steps/steps.ts";
import { lossesIn } from "../sql-checks/losses-in.ts";

/**
 * What a step deletes together with its values, for messages; empty where nothing. An index does not count:
 * it can be built again.
 */
export async function lossesOf(step: Step): Promise<readonly string[]> {
  if (step.kind === "drop column" || step.kind === "drop table") return [step.name];
  if (step.kind !== "sql") return [];
  const losses: string[] = [];
  for (const text of step.up) losses.push(...(await lossesIn(text.toString())));
  return losses;
}
