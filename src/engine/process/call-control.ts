import type { Transaction } from "../../postgres/transaction/database.ts";
import { type CallsPause, type CallTally, noCalls, plusCalls } from "../../store/runs/run.ts";
import type { Session } from "../../store/session.ts";
import type { AskControl } from "../batch/batch-work.ts";
import type { Patience } from "../loop/backoff.ts";
import type { StopSignal } from "../loop/stop-signal.ts";
import type { Pacer } from "../pacing/pacer.ts";
import type { EngineEvent, Events } from "../report/events.ts";

/** A pause that ends this much later is worth telling the other processes about. */
const newsMs = 250;
/** Whether calls fail is judged by so many. */
const mostLately = 20;
const fewestFailed = 3;
/** By then the run says what this process was told. */
const storedAfterMs = 5_000;

/** What the calls of this process obey: an operator, the other system, and what other processes were told. */
export class CallControl implements AskControl {
  readonly stop: StopSignal;
  readonly events: Events;
  readonly #session: Session;
  readonly #run: bigint;
  readonly #pacer: Pacer;
  readonly #patience: Patience;
  #pausedUntil = 0;
  #why = "";
  /** how the last calls ended: why each failed, or null */
  #lately: readonly (string | null)[] = [];
  #toldAt = Number.NEGATIVE_INFINITY;
  /** calls that are not yet added to the run */
  #tally: CallTally = noCalls;

  constructor(
    session: Session,
    run: bigint,
    {
      stop,
      events,
      pacer,
      patience,
    }: {
      readonly stop: StopSignal;
      readonly events: Events;
      readonly pacer: Pacer;
      readonly patience: Patience;
    },
  ) {
    this.#session = session;
    this.#run = run;
    this.stop = stop;
    this.events = events;
    this.#pacer = pacer;
    this.#patience = patience;
  }

  get calls(): AskControl["calls"] {
    return this.#pacer.calls;
  }

  get pauseMs(): number {
    return Math.max(0, this.#pausedUntil - performance.now());
  }

  /** Why no calls are made now; null where they are. */
  get pause(): CallsPause | null {
    const ms = this.pauseMs;
    return ms > 0 ? { ms, why: this.#why } : null;
  }

  async takeTurns(calls: number, perSecond: number): Promise<number> {
    const { db, store } = this.#session;
    const take = (tx: Transaction) => store.callTurns.take(tx, this.#run, calls, perSecond);
    return db.transaction(take, { mayBeForgotten: true });
  }

  /** Why most calls fail now; null where they do not. */
  get failure(): string | null {
    const failed = this.#lately.filter((reason) => reason !== null);
    return failed.length * 2 > this.#lately.length && failed.length >= fewestFailed
      ? (failed.at(-1) ?? null)
      : null;
  }

  hear(event: EngineEvent): void {
    if (event.type !== "call ended") return;
    this.#lately = [...this.#lately.slice(1 - mostLately), event.reason];
    const isFailed = event.outcome === "failed" || event.outcome === "timed out";
    const cost = event.cost === null ? {} : { [event.cost.currency]: event.cost.amount };
    this.#tally = plusCalls(this.#tally, { made: 1, failed: isFailed ? 1 : 0, cost });
  }

  /** Adds the calls since the last time to the run; leaves that to the next time while the run is locked. */
  async count(tx: Transaction): Promise<void> {
    const tally = this.#tally;
    if (tally.made === 0) return;
    this.#tally = noCalls;
    let isCounted = false;
    try {
      isCounted = await this.#session.store.callTurns.count(tx, this.#run, tally);
    } finally {
      if (!isCounted) this.#tally = plusCalls(this.#tally, tally);
    }
  }

  renew(): void {
    this.#patience.renew();
  }

  pauseCalls(pause: CallsPause): void {
    if (!this.#prolong(pause, newsMs)) return;
    this.#toldAt = performance.now();
    const { db, store } = this.#session;
    const tell = db.transaction((tx) => store.callTurns.pause(tx, this.#run, pause), {
      mayBeForgotten: true,
    });
    // Without it the other processes are told by the other system itself.
    void tell.catch(() => {});
  }

  /** Adopts what the run says: another process was told to wait, or an operator has ended the wait. */
  learn(pause: CallsPause | null): void {
    if (pause !== null) this.#prolong(pause, 0);
    // What this process has just been told may not be in the store yet.
    else if (performance.now() - this.#toldAt > storedAfterMs) this.#pausedUntil = 0;
  }

  /** Returns whether it is a longer pause than the present one. */
  #prolong(pause: CallsPause, byMs: number): boolean {
    const until = performance.now() + pause.ms;
    if (until <= this.#pausedUntil + byMs) return false;
    this.#pausedUntil = until;
    this.#why = pause.why;
    return true;
  }
}
