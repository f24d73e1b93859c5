import { isDeepStrictEqual } from "node:util";
import { batchTimeMsOf, type RunPace } from "../../job/pace/pace.ts";
import { Windows } from "../../job/pace/windows.ts";
import { Governor } from "../../throttle/governor.ts";
import type { Reading } from "../../throttle/signal.ts";
import type { BatchPace } from "../batch/batch-pace.ts";
import { defaultWorkers } from "../options/default-workers.ts";
import { DutyCycle } from "./duty-cycle.ts";

const defaultBatchTime = "250ms";

/** How often a held run checks whether it may go on. */
const lookMs = 100;
/** How far utilization may shorten batches, as a share of the pace's batch time. */
const leastBatchTime = 0.1;
const leastBatchMs = 10;
/** The same share for signals against which only rests help. */
const leastBatchTimeAtRest = 0.5;
/**
 * The longest batch beside an application on few processors. Its commit writes little WAL, so other commits hardly
 * wait for the disk; longer batches did no more rows.
 */
const gentleBatchMs = 25;
/** A limit of rows a second is spread over so many batches a second, instead of one burst. */
const batchesPerSecond = 4;
/** The most WAL of one batch in bytes, so that replicas get it in small pieces. */
const walBytesAtMost = 16_777_216;
/** The limit of WAL never makes a batch smaller than this. */
const rowsAtLeast = 100;

/** The pace of this process in a run: the chosen pace, reduced by the signals. */
export class Pacer implements BatchPace {
  readonly #job: RunPace;
  readonly #rowsAtMost: number;
  readonly #governor = new Governor();
  /** learns only the signals against which shorter batches help */
  readonly #shortening = new Governor();
  #chosen: RunPace;
  #windows: Windows | null;
  /** this process's share of the rows a second that all processes may read */
  #share = 1;
  #nextAt = 0;
  readonly #dutyCycle = new DutyCycle();
  /** how many workers the server's lock table has room for */
  #workersByLocks = Number.POSITIVE_INFINITY;
  #walBytesPerRow = 0;
  /** what lets each process work with one worker only */
  #oneWorker: Reading | null = null;

  /** The run's pace overrides its job's. No batch has more than `rowsAtMost` rows. */
  constructor(job: RunPace, run: RunPace, rowsAtMost = Number.POSITIVE_INFINITY) {
    this.#job = job;
    this.#rowsAtMost = rowsAtMost;
    this.#chosen = run;
    this.#windows = this.#readWindows();
  }

  /** Adopts what an operator has set since. */
  follow(chosen: RunPace): void {
    if (isDeepStrictEqual(chosen, this.#chosen)) return;
    this.#chosen = chosen;
    this.#windows = this.#readWindows();
    // Drop the waiting that an earlier limit has left.
    this.#nextAt = 0;
    this.#dutyCycle.forget();
  }

  /** The chosen pace: the run's, else the job's, else tidefill's defaults. */
  get chosen(): RunPace {
    return { workers: defaultWorkers, batchTime: defaultBatchTime, ...this.#job, ...this.#chosen };
  }

  get windows(): Windows | null {
    return this.#windows;
  }

  /** Workers that the process should have. */
  get workers(): number {
    return this.chosen.workers ?? defaultWorkers;
  }

  /** So many calls at once in this process, and so many a second in all processes. */
  get calls(): { readonly atOnce: number; readonly perSecond: number | null } {
    const { callsAtOnce = 1, callsPerSecond = null } = this.chosen;
    return { atOnce: callsAtOnce, perSecond: callsPerSecond };
  }

  /** How many of them may work now. */
  get activeWorkers(): number {
    const byLevel = Math.ceil(this.#workersInAll * this.#governor.level);
    return Math.max(1, Math.min(byLevel, this.#workersByLocks));
  }

  get batchTimeMs(): number {
    return this.#oneWorker === null ? this.limitMs : Math.min(this.limitMs, gentleBatchMs);
  }

  get limitMs(): number {
    const longestMs = this.#wholeBatchMs * Math.max(leastBatchTimeAtRest, this.level);
    return Math.max(leastBatchMs, Math.min(this.#stintMs, longestMs));
  }

  get rowsAtMost(): number {
    const rate = this.#rowsPerSecond;
    const byRate = rate === null ? Number.POSITIVE_INFINITY : Math.max(1, Math.ceil(rate / batchesPerSecond));
    const byWal = this.#walBytesPerRow > 0 ? walBytesAtMost / this.#walBytesPerRow : Number.POSITIVE_INFINITY;
    return Math.min(byRate, this.#rowsAtMost, Math.max(rowsAtLeast, Math.floor(byWal)));
  }

  /** 1 is full pace, 0 is held. */
  get level(): number {
    return this.#governor.level;
  }

  /** What holds the run back, or slows it down; null when nothing does. */
  get heldBackBy(): Reading | null {
    return this.#governor.heldBackBy ?? this.#oneWorker;
  }

  locksRanOut(): void {
    this.#workersByLocks = Math.max(1, this.activeWorkers - 1);
  }

  mayWork(worker: number): boolean {
    return worker <= this.activeWorkers;
  }

  waitMs(): number {
    if (this.#governor.isHeld) return lookMs;
    const dueInMs = Math.max(0, this.#nextAt - performance.now());
    return Math.min(lookMs, Math.max(dueInMs, this.#dutyCycle.remainingMs(this.#workShare)));
  }

  worked(rows: number, batchMs: number): void {
    const rate = this.#rowsPerSecond;
    // The time of the batch itself counts, or the rate would never be reached.
    if (rate !== null)
      this.#nextAt = Math.max(this.#nextAt, performance.now() - batchMs) + (rows / rate) * 1_000;
    if (this.#workShare >= 1) this.#dutyCycle.forget();
    else this.#dutyCycle.worked(batchMs, this.activeWorkers, this.#stintMs);
  }

  /** Learns what the signals say. */
  learn(readings: readonly Reading[]): void {
    const now = performance.now();
    this.#governor.learn(readings, now);
    this.#shortening.learn(
      readings.filter(({ onlyRestsHelp }) => onlyRestsHelp !== true),
      now,
    );
    this.#oneWorker = readings.find(({ oneWorker }) => oneWorker === true) ?? null;
  }

  /** Learns how many workers all processes have together, and the bytes of WAL per row; 0 where unknown. */
  measured(allWorkers: number, walBytesPerRow: number): void {
    this.#share = Math.min(1, this.activeWorkers / Math.max(this.activeWorkers, allWorkers));
    this.#walBytesPerRow = walBytesPerRow;
  }

  get #wholeBatchMs(): number {
    return batchTimeMsOf(this.chosen.batchTime ?? defaultBatchTime);
  }

  /** How long each worker works between two rests. */
  get #stintMs(): number {
    return this.#wholeBatchMs * Math.max(leastBatchTime, this.#shortening.level);
  }

  /** The workers that the level applies to: extra workers must not use more processors and disks. */
  get #workersInAll(): number {
    if (this.#oneWorker !== null) return 1;
    const onlyRestsHelp = this.heldBackBy?.onlyRestsHelp === true;
    return onlyRestsHelp ? Math.min(this.workers, defaultWorkers) : this.workers;
  }

  /** The share of time that each active worker works: the rest makes up for rounding workers up. */
  get #workShare(): number {
    const share = (this.#workersInAll * this.#governor.level) / this.activeWorkers;
    // Where only rests help, the processes of a run together work as much as one.
    const isTogether = this.#oneWorker !== null || this.heldBackBy?.onlyRestsHelp === true;
    return isTogether ? share * this.#share : share;
  }

  get #rowsPerSecond(): number | null {
    const { rowsPerSecond } = this.chosen;
    return rowsPerSecond === undefined ? null : rowsPerSecond * this.#share;
  }

  #readWindows(): Windows | null {
    const { window } = this.chosen;
    return window === undefined ? null : Windows.parse(window);
  }
}
