import type { CallRules } from "../../job/definition/calls.ts";
import type { Pacer } from "../pacing/pacer.ts";

/** So many calls for each that may be under way: while the last ones are slow, the next batches go on. */
const callsForEach = 4;

/** How many rows a worker asks about before a batch; null where the work asks no other system. */
export function rowsOfCalls(calls: CallRules | null | undefined, pacer: Pacer): (() => number) | null {
  if (calls == null) return null;
  // The workers share the calls: a larger batch would wait for the rows of other workers.
  return () =>
    Math.max(1, Math.ceil((callsForEach * pacer.calls.atOnce) / pacer.workers)) * (calls.rowsPerCall ?? 1);
}
