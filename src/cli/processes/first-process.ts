import type { EngineEvent } from "../../engine/report/events.ts";
import { UsageError } from "../../errors.ts";

/** The process that has started this one to work on the same run. */
export class FirstProcess {
  readonly #controller = new AbortController();

  /** @throws UsageError when a person has typed the command */
  constructor(run: string) {
    if (process.send === undefined) {
      throw new UsageError("`tidefill join` is started by `tidefill run --processes`.", {
        remedy: `To work on a run from here too: tidefill resume ${run}`,
      });
    }
  }

  /** Fires when the first process asks this one to stop, or has gone. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  listen(): void {
    const stop = (): void => this.#controller.abort();
    process.on("message", stop);
    process.on("disconnect", stop);
    process.on("SIGTERM", stop);
    // It may have gone while this process was being loaded.
    if (!process.connected) stop();
    // A terminal signals all processes at once: the first one decides what becomes of them.
    for (const signal of ["SIGINT", "SIGHUP"]) process.on(signal, () => {});
  }

  tell(event: EngineEvent): void {
    if (process.connected) process.send?.(event, undefined, {}, () => {});
  }

  /** Lets this process end. */
  leave(): void {
    if (process.connected) process.disconnect();
  }
}
