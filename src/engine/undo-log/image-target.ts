import type { ImageTarget, UndoLog } from "../../sink/images/images.ts";

/** Whether and where the batches of a run keep what they overwrite. */
export class Imaging {
  readonly #log: UndoLog | null;
  readonly #hasReturningOld: boolean;

  constructor(log: UndoLog | null, hasReturningOld: boolean) {
    this.#log = log;
    this.#hasReturningOld = hasReturningOld;
  }

  /** Where a batch of this sweep keeps its images; null when the run keeps none. */
  of(sweep: number): ImageTarget | null {
    return this.#log === null ? null : { ...this.#log, sweep, hasReturningOld: this.#hasReturningOld };
  }
}
