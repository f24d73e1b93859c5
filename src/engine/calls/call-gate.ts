import pLimit, { type LimitFunction } from "p-limit";
import type { AskControl } from "../batch/batch-work.ts";

/** How often a call that waits for its turn looks whether an operator has changed the limits. */
const lookMs = 200;
/** A timer that fires late may be made up for by so much. */
const lateMs = 100;

/** Lets the calls of this process begin: so many at once, so many a second, none while the run is told to wait. */
export class CallGate {
  readonly #limit: LimitFunction = pLimit(1);
  /** calls take their turns one after the other */
  #turns: Promise<void> = Promise.resolve();
  #nextAt = 0;

  /** Makes a call when it is its turn; undefined where the run stops before. */
  async pass<T>(control: AskControl, call: () => Promise<T>): Promise<T | undefined> {
    this.#limit.concurrency = control.calls.atOnce;
    return this.#limit(async () => {
      const turn = this.#turns.then(() => this.#wait(control));
      this.#turns = turn;
      await turn;
      return control.stop.isStopping ? undefined : call();
    });
  }

  async #wait(control: AskControl): Promise<void> {
    const { stop, calls } = control;
    while (!stop.isStopping) {
      const dueInMs = Math.max(control.pauseMs, this.#nextAt - performance.now());
      if (dueInMs <= 0) break;
      await stop.pause(Math.min(dueInMs, lookMs));
      if (control.pauseMs > 0) control.renew();
    }
    const { perSecond } = calls;
    const now = performance.now();
    this.#nextAt = perSecond === null ? now : Math.max(this.#nextAt, now - lateMs) + 1_000 / perSecond;
  }
}
