import pLimit from "p-limit";
import type { Finishing } from "./finish-run.ts";

/** Another worker of the process has a range: it looks itself as soon as that is done. */
const whileOneWorks: Finishing = { kind: "waiting", lookAgainMs: 500, isPlanned: true };

/**
 * Looks for the end of a run, for the workers of one process that find no more work: one at a time, since the
 * look before a sweep may read a whole table, and none where it cannot be the end.
 */
export class RunEnd {
  readonly #look: (owesRetry: boolean) => Promise<Finishing>;
  readonly #isAnyAtWork: () => boolean;
  readonly #oneAtATime = pLimit(1);
  #owesRetry: boolean;
  #end: Finishing | null = null;

  /**
   * @param look asks the store, and ends the run or begins a sweep
   * @param owesRetry whether the first sweep has to try all rejects again
   * @param isAnyAtWork whether a worker of this process has a range
   */
  constructor(
    look: (owesRetry: boolean) => Promise<Finishing>,
    owesRetry: boolean,
    isAnyAtWork: () => boolean,
  ) {
    this.#look = look;
    this.#owesRetry = owesRetry;
    this.#isAnyAtWork = isAnyAtWork;
  }

  async look(): Promise<Finishing> {
    if (this.#isAnyAtWork()) return whileOneWorks;
    return this.#oneAtATime(() => this.#end ?? this.#lookOnce());
  }

  async #lookOnce(): Promise<Finishing> {
    const finishing = await this.#look(this.#owesRetry);
    if (finishing.kind === "sweeping") this.#owesRetry = false;
    if (finishing.kind === "succeeded") this.#end = finishing;
    return finishing;
  }
}
