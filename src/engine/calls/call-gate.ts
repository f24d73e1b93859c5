import pLimit, { type LimitFunction } from "p-limit";
import type { AskControl } from "../batch/batch-work.ts";

/** How often a call that waits for its turn looks whether an operator has changed the limits. */
const lookMs = 200;
/** For how many seconds of calls a process takes turns at a time: they are not there for other processes. */
const turnSeconds = 0.25;

/** Turns that this process has taken and not yet used. */
interface Turns {
  readonly perSecond: number;
  left: number;
  /** of the next one, by this process's clock */
  nextAt: number;
}

/** Lets the calls of this process begin: so many at once, so many a second, none while the run is told to wait. */
export class CallGate {
  readonly #limit: LimitFunction = pLimit(1);
  /** calls wait for their turns one after the other */
  #queue: Promise<void> = Promise.resolve();
  #turns: Turns | null = null;
  #underWay = 0;

  /** Makes a call when it is its turn; undefined where the run stops before. @throws PostgreSQL's error */
  async pass<T>(control: AskControl, call: () => Promise<T>): Promise<T | undefined> {
    this.#limit.concurrency = control.calls.atOnce;
    return this.#limit(async () => {
      const turn = this.#queue.then(() => this.#wait(control));
      this.#queue = turn.catch(() => {});
      await turn;
      if (control.stop.isStopping) return undefined;
      this.#underWay += 1;
      try {
        return await call();
      } finally {
        this.#underWay -= 1;
      }
    });
  }

  async #wait(control: AskControl): Promise<void> {
    const { stop } = control;
    while (!stop.isStopping) {
      // An operator may have changed it since the calls of this batch were queued.
      this.#limit.concurrency = control.calls.atOnce;
      const isFull = this.#underWay >= control.calls.atOnce;
      const dueInMs = isFull ? lookMs : Math.max(control.pauseMs, await this.#turnInMs(control));
      if (dueInMs <= 0) break;
      control.renew();
      await stop.pause(Math.min(dueInMs, lookMs));
    }
    const turns = this.#turns;
    if (turns === null) return;
    turns.left -= 1;
    turns.nextAt += 1_000 / turns.perSecond;
  }

  /** Milliseconds until the next call may begin, by the limit of all processes. */
  async #turnInMs(control: AskControl): Promise<number> {
    const { perSecond } = control.calls;
    if (perSecond === null) this.#turns = null;
    else if (this.#turns === null || this.#turns.left < 1 || this.#turns.perSecond !== perSecond) {
      const wanted = this.#limit.pendingCount + 1;
      const calls = Math.max(1, Math.min(wanted, Math.ceil(perSecond * turnSeconds)));
      const inMs = await control.takeTurns(calls, perSecond);
      this.#turns = { perSecond, left: calls, nextAt: performance.now() + inMs };
    }
    return this.#turns === null ? 0 : this.#turns.nextAt - performance.now();
  }
}
