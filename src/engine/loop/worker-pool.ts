import type { Worker } from "./worker.ts";

/** The workers of this process. The pool only grows; surplus workers rest. */
export class WorkerPool {
  readonly #makeWorker: (number: number) => Worker;
  readonly #members: Worker[] = [];
  readonly #work: Promise<void>[] = [];

  constructor(makeWorker: (number: number) => Worker) {
    this.#makeWorker = makeWorker;
  }

  get members(): readonly Worker[] {
    return this.#members;
  }

  /** Starts workers until there are `count`. */
  growTo(count: number): void {
    while (this.#members.length < count) {
      const worker = this.#makeWorker(this.#members.length + 1);
      this.#members.push(worker);
      this.#work.push(worker.run());
    }
  }

  /** Resolves when all workers have ended, including those started meanwhile. */
  async done(): Promise<void> {
    for (let ended = 0; ended < this.#work.length; ended += 1) await this.#work[ended];
  }
}
