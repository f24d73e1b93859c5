import type { Rollout } from "../../job/pace/rollout.ts";
import type { Run } from "../../store/runs/run.ts";

/** The stages of a run; null where all rows are worked on at once. */
export function rolloutOf({ rollout }: Pick<Run, "rollout">): Rollout | null {
  return rollout === null ? null : (JSON.parse(rollout) as Rollout);
}

/** Whether the stage that a run has done was looked at: only then may the next begin. */
export function isJudged(run: Pick<Run, "rollout" | "stage">): boolean {
  return rolloutOf(run)?.judged === run.stage;
}
