import type { WorkOptions } from "../../engine/options/work-options.ts";
import type { EventListener } from "../../engine/report/events.ts";
import type { RunReport } from "../../engine/report/run-report.ts";
import { FurtherProcesses, type Shared } from "./further-processes.ts";

/**
 * Does the work of a command in as many processes as it says, of which this one is the first. The further ones
 * leave a run before the first does, so that its report is that of the whole.
 */
export async function withProcesses(
  shared: Shared & { readonly processes: number },
  listeners: readonly EventListener[],
  signal: AbortSignal,
  work: (options: Pick<WorkOptions, "onEvent" | "beforeLeaving">) => Promise<RunReport>,
): Promise<RunReport> {
  if (shared.processes === 1) return work({ onEvent: listeners });
  const further = new FurtherProcesses(shared.processes - 1, shared, listeners);
  const stop = (): void => further.stop();
  signal.addEventListener("abort", stop);
  try {
    return await work({
      onEvent: (event) => further.hear(event),
      beforeLeaving: () => further.end(),
    });
  } finally {
    signal.removeEventListener("abort", stop);
    await further.close();
  }
}
