import { say } from "./output.ts";

const numbers = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 } as const;

/**
 * A terminal signals every process of the command line, and npm forwards its own copy some milliseconds
 * later. A person takes longer than this to type it again.
 */
const echoMs = 1_000;

/**
 * The first signal ends the current batches and returns the leases; another one, a second later, stops at
 * once.
 */
export class ProcessSignals {
  readonly #controller = new AbortController();
  readonly #handler = (signal: keyof typeof numbers): void => this.#receive(signal);
  #echoesUntil = 0;
  #doing = "";

  /** Fires on the first signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** `doing` says what happens at the first signal. */
  listen(doing = "finishing the current batches"): void {
    this.#doing = doing;
    for (const signal of Object.keys(numbers)) process.on(signal, this.#handler);
  }

  /** Waits for the echoes first: one that comes after a quick end must not kill the exiting process. */
  ignore(): void {
    const waitMs = this.#echoesUntil - performance.now();
    if (waitMs > 0) setTimeout(() => this.ignore(), waitMs).unref();
    else for (const signal of Object.keys(numbers)) process.off(signal, this.#handler);
  }

  #receive(signal: keyof typeof numbers): void {
    const now = performance.now();
    if (this.#controller.signal.aborted) {
      if (now < this.#echoesUntil) return;
      // PostgreSQL rolls back what is not committed; the engine is built for that.
      process.exit(128 + numbers[signal]);
    }
    this.#echoesUntil = now + echoMs;
    say(`\n${signal}: ${this.#doing}. Another one, a second later, stops at once.`);
    this.#controller.abort();
  }
}
