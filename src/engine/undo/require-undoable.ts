import { RefusedError } from "../../errors.ts";
import type { Run } from "../../store/runs/run.ts";
import { isFinished } from "../../store/runs/run-status.ts";

/** @throws RefusedError when the run cannot be undone */
export function requireUndoable(run: Run): void {
  const reason = whyNot(run);
  if (reason !== null) throw new RefusedError("run-can-be-undone", ...reason);
}

/** Why a run cannot be undone, and what can be done instead; null when it can. */
export function whyNot(run: Run): readonly [message: string, remedy: string] | null {
  const { id, job, kind, status, undoLog, undoneBy } = run;
  if (kind !== "run") {
    const what = kind === "undo" ? `an undo of run ${run.ofRun}` : "a verify";
    return [`Run ${id} is ${what} and cannot be undone.`, `To run the job again: tidefill run ${job}`];
  }
  if (!isFinished(status)) {
    return [
      `Run ${id} of ${job} is ${status}. Only a finished run can be undone.`,
      run.wanted === "cancelled"
        ? `It is asked to be cancelled. When its workers have stopped, or the leases of vanished ones have ended: tidefill undo ${id}`
        : `End it first: tidefill cancel ${id}   then tidefill undo ${id}`,
    ];
  }
  if (undoneBy !== null)
    return [`Run ${id} was already undone by run ${undoneBy}.`, `tidefill status ${undoneBy}`];
  const restore = "Restore from a backup: tidefill backup restore <dir>";
  if (undoLog === "purged") return [`The undo log of run ${id} was purged.`, restore];
  return undoLog === "none" && run.hasRows
    ? [`Run ${id} of ${job} kept no undo log (undoable: false).`, restore]
    : null;
}
