import type { EngineEvent } from "../../engine/report/events.ts";
import { UsageError } from "../../errors.ts";

/** Stops a run after this many committed batches; those without a row do not count. */
export class StopAfter {
  readonly #stop = new AbortController();
  readonly #batches: number;
  #run: bigint | null = null;
  #committed = 0;

  /** @throws UsageError for what is not a number of batches */
  constructor(batches = Number.POSITIVE_INFINITY) {
    if (!(batches >= 1))
      throw new UsageError(`A run cannot stop after ${batches} batches.`, {
        remedy: "Give stopAfterBatches a whole number from 1.",
      });
    this.#batches = batches;
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  hear(event: EngineEvent): void {
    if (event.type !== "batch committed" || event.counts.read === 0) return;
    // After the run, the same listeners also hear the events of its verify.
    this.#run ??= event.run;
    if (event.run !== this.#run) return;
    this.#committed += 1;
    if (this.#committed >= this.#batches) this.#stop.abort();
  }
}
