import { type Step, takesAway } from "./steps.ts";

/** The steps up to the first that takes something away: those may be done as soon as the run is verified. */
export function beforeLoss(steps: readonly Step[]): readonly Step[] {
  const first = steps.findIndex(takesAway);
  return first < 0 ? steps : steps.slice(0, first);
}
