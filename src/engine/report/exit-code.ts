import { RefusedError, TidefillError, UsageError } from "../../errors.ts";
import type { RunReport } from "./run-report.ts";

export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  refused: 3,
  /**
   * a run or a stage is done, but with rejects, conflicts or differences, or contract steps wait because of
   * them
   */
  incomplete: 4,
  /** stopped, and `resume` goes on */
  resumable: 75,
} as const;

/** What a run's outcome means for the shell. */
export function exitCodeOf(report: RunReport): number {
  switch (report.status) {
    case "succeeded":
      if (report.contract?.isStopped === true) return exitCodes.resumable;
      return isComplete(report) ? exitCodes.done : exitCodes.incomplete;
    case "paused":
      // A supervisor resumes what ends with 75; an operator must look at stages that have stopped.
      return report.stagesAreAutomatic && report.stageProblems.length > 0
        ? exitCodes.incomplete
        : exitCodes.resumable;
    case "interrupted":
    case "running":
    case "pending":
      return exitCodes.resumable;
    case "failed":
      return report.stopReason === "swallowed" ? exitCodes.incomplete : exitCodes.failed;
    default:
      return exitCodes.failed;
  }
}

// A job itself says what becomes of its conflicts; an operator must look at those of an undo or a verify.
function isComplete({ kind, rows, broken, message, notCompared, contract }: RunReport): boolean {
  if (contract !== null && contract.problem !== null) return false;
  if (kind === "verify" && (message !== null || (rows.read === 0 && notCompared.length > 0))) return false;
  return (
    rows.rejected + rows.swallowed === 0 && broken.length === 0 && (kind === "run" || rows.conflicted === 0)
  );
}

/** Codes of errors after which the same command can be typed again. */
const resumable = ["no-progress", "step-stopped", "no-connection-free", "unreachable", "table-is-locked"];

/** What an error means for the shell. */
export function exitCodeOfError(error: unknown): number {
  if (error instanceof UsageError) return exitCodes.usage;
  if (error instanceof RefusedError) return exitCodes.refused;
  if (error instanceof TidefillError && resumable.includes(error.code) && !isUnknownHost(error.cause))
    return exitCodes.resumable;
  return exitCodes.failed;
}

// An unknown host name is more often mistyped than not known yet.
function isUnknownHost(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && cause.code === "ENOTFOUND";
}
