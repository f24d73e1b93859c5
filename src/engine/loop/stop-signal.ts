import { setMaxListeners } from "node:events";
import type { StopReason } from "../../store/runs/run-status.ts";

export interface StopRequest {
  readonly reason: StopReason;
  /** what was thrown, when an error is the reason */
  readonly error?: unknown;
}

/** All workers of a process check this between two batches. The first request counts. */
export class StopSignal {
  readonly #controller = new AbortController();
  #request: StopRequest | null = null;
  #isOver = false;

  constructor() {
    // Each worker and each call under way may listen.
    setMaxListeners(0, this.#controller.signal);
  }

  /** Fires with the first request. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get request(): StopRequest | null {
    return this.#request;
  }

  get isStopping(): boolean {
    return this.#request !== null;
  }

  /** Whether the run is finished, so that resting workers can end. */
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

  /** Stops when the caller's signal is aborted. */
  follow(signal: AbortSignal | undefined): void {
    if (signal === undefined) return;
    if (signal.aborted) this.stop({ reason: "signal" });
    signal.addEventListener("abort", () => this.stop({ reason: "signal" }), { once: true });
  }

  /** Waits until the time is over or a stop is requested. */
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
