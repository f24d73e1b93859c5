import type { Transaction } from "../../postgres/transaction/database.ts";
import { type Hold, isStandstill, shownReason } from "../../remedies/hold.ts";
import type { Progress } from "../../store/runs/progress.ts";
import type { Sample, SampledBatch } from "../../store/runs/samples.ts";
import type { Session } from "../../store/session.ts";
import type { Pacer } from "../pacing/pacer.ts";
import type { SignalMonitor } from "../pacing/signal-monitor.ts";
import type { EngineEvent, PhaseSeconds } from "../report/events.ts";

const everyMs = 10_000;
/** A change of what holds the run back is sampled sooner, so that the history shows when it came and went. */
const changeMs = 2_000;
/** The processes of a run do not beat at the same moment. */
const slackMs = 500;
/** They end at about the same moment. */
const lastMs = 100;
const noBatches: PhaseSeconds & { readonly batches: number } = {
  batches: 0,
  read: 0,
  transform: 0,
  write: 0,
  commit: 0,
};

/**
 * Writes down how a run is going, every ten seconds and when something begins or stops to hold it back: what its
 * charts and `status --history` show.
 */
export class Sampler {
  readonly #session: Session;
  readonly #run: bigint;
  readonly #parts: { readonly pacer: Pacer; readonly monitor: SignalMonitor };
  #sampledAt = Number.NEGATIVE_INFINITY;
  #batches = noBatches;
  #reason: string | null = null;

  constructor(
    session: Session,
    run: bigint,
    parts: { readonly pacer: Pacer; readonly monitor: SignalMonitor },
  ) {
    this.#session = session;
    this.#run = run;
    this.#parts = parts;
  }

  hear(event: EngineEvent): void {
    if (event.type !== "batch committed") return;
    const { read, transform, write, commit } = event.seconds;
    const sum = this.#batches;
    this.#batches = {
      batches: sum.batches + 1,
      read: sum.read + read,
      transform: sum.transform + transform,
      write: sum.write + write,
      commit: sum.commit + commit,
    };
  }

  /** Takes a sample when one is due. */
  async sample(progress: Progress, hold: Hold | null): Promise<void> {
    const isChange = this.#reason !== (hold?.kind ?? null);
    if (performance.now() - this.#sampledAt < (isChange ? changeMs : everyMs)) return;
    const sample = this.#take(progress, hold);
    const { db, store } = this.#session;
    await db.transaction(
      (tx) => store.samples.add(tx, this.#run, sample, isChange ? slackMs : everyMs - slackMs),
      { mayBeForgotten: true },
    );
  }

  /** Takes the last sample of this process, so that the curve of a run ends where it ended. */
  async sampleLast(tx: Transaction, progress: Progress): Promise<void> {
    const sample = { ...this.#take(progress, null), isLast: true };
    await this.#session.store.samples.add(tx, this.#run, sample, lastMs);
  }

  #take(progress: Progress, hold: Hold | null): Sample {
    const { pacer, monitor } = this.#parts;
    const batch = this.#meanBatch();
    this.#sampledAt = performance.now();
    this.#batches = noBatches;
    this.#reason = hold?.kind ?? null;
    const { read: rows, secondsAtWork: seconds, rowsPerSecond, workers } = progress;
    return {
      ...{ rows, seconds, rowsPerSecond, workers, batch },
      isLast: false,
      // A run whose batches fail goes no further, whatever its pace may be.
      level: hold !== null && isStandstill(hold) ? 0 : pacer.level,
      reason: hold === null ? null : shownReason(hold),
      lagSeconds: monitor.lagSeconds,
      walBytesPerSecond: monitor.ownWalBytesPerSecond,
    };
  }

  #meanBatch(): SampledBatch | null {
    const { batches, read, transform, write, commit } = this.#batches;
    if (batches === 0) return null;
    return {
      read: read / batches,
      transform: transform / batches,
      write: write / batches,
      commit: commit / batches,
    };
  }
}
