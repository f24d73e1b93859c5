import type { WorkOptions } from "../../engine/options/work-options.ts";
import { type CommonSettings, type HoursSettings, hoursOf } from "../options/settings.ts";
import { withAddress } from "../options/with-store.ts";
import { ProcessSignals } from "../terminal/process-signals.ts";
import { StepLines } from "../terminal/step-lines.ts";

/** Does work that has steps but no run: prints each step, and stops at the first signal. */
export async function runSteps<T>(
  settings: CommonSettings,
  hours: HoursSettings,
  work: (options: WorkOptions) => Promise<T>,
): Promise<T> {
  const signals = new ProcessSignals();
  const lines = new StepLines();
  signals.listen();
  try {
    return await withAddress(settings, (address) =>
      work({
        ...address,
        schema: settings.schema,
        ...hoursOf(hours),
        signal: signals.signal,
        onStep: (event) => lines.hear(event),
      }),
    );
  } finally {
    signals.ignore();
  }
}
