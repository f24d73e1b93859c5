import type { Walk } from "./walk.ts";

/** A walk whose rows depend on each other: they form one range, so that one worker does them in order. */
export function oneRange(walk: Walk): Walk {
  return {
    boundary: async () => null,
    nextBatch: (tx, bounds, rows, byteBudget) => walk.nextBatch(tx, bounds, rows, byteBudget),
    hasRows: (tx, bounds) => walk.hasRows(tx, bounds),
  };
}
