import type { ImageTarget, UndoLog } from "../../sink/images/images.ts";

/** Where the batches of a sweep keep what they overwrite; null where the run keeps nothing. */
export type TargetOf = (sweep: number) => ImageTarget | null;

/** Where the batches of a run keep what they overwrite. */
export function imageTarget(log: UndoLog | null, hasReturningOld: boolean): TargetOf {
  return (sweep) => (log === null ? null : { ...log, sweep, hasReturningOld });
}
