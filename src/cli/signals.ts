import { say } from "./output.ts";

const numbers = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 } as const;

/** The first signal ends the current batches and gives the leases back; the second stops at once. */
export class Signals {
  readonly #controller = new AbortController();
  readonly #handler = (signal: keyof typeof numbers): void => this.#receive(signal);

  /** Fires on the first signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  listen(): void {
    for (const signal of Object.keys(numbers)) process.on(signal, this.#handler);
  }

  ignore(): void {
    for (const signal of Object.keys(numbers)) process.off(signal, this.#handler);
  }

  #receive(signal: keyof typeof numbers): void {
    // What is not committed is rolled back by PostgreSQL; that is what the engine is built for.
    if (this.#controller.signal.aborted) process.exit(128 + numbers[signal]);
    say(`\n${signal}: ending the current batches. Once more stops at once.`);
    this.#controller.abort();
  }
}
