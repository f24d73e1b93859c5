import { type Step, takesAway } from "./steps.ts";

/** The steps before the first one that removes something: they may run as soon as the run is verified. */
export function beforeLoss(steps: readonly Step[]): readonly Step[] {
  const first = steps.findIndex(takesAway);
  return first < 0 ? steps : steps.slice(0, first);
}
