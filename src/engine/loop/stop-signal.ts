import type { StopReason } from "../../store/runs/run-status.ts";

export interface StopRequest {
  readonly reason: StopReason;
  /** what was thrown, when an error is the reason */
  readonly error?: unknown;
}

/** One place that all workers of a process look at between two batches; the first request counts. */
export class StopSignal {
  readonly #controller = new AbortController();
  #request: StopRequest | null = null;
  #isOver = false;

  get request(): StopRequest | null {
    return this.#request;
  }

  get isStopping(): boolean {
    return this.#request !== null;
  }

  /** The run is finished: workers that rest need not wait for work. */
  get isOver(): boolean {
    return this.#isOver;
  }

  end(): void {
    this.#isOver = true;
  }

  stop(request: StopRequest): void {
    if (this.#request !== null) return;
    this.#request = request;
    this.#controller.abort();
  }

  /** Stops when a signal of the caller's fires. */
  follow(signal: AbortSignal | undefined): void {
    if (signal === undefined) return;
    if (signal.aborted) this.stop({ reason: "signal" });
    signal.addEventListener("abort", () => this.stop({ reason: "signal" }), { once: true });
  }

  /** Waits, but no longer than until somebody wants to stop. */
  async pause(milliseconds: number): Promise<void> {
    if (this.isStopping) return;
    const { signal } = this.#controller;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      signal.addEventListener("abort", done);
    });
  }
}
