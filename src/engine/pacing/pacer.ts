import { isDeepStrictEqual } from "node:util";
import { batchTimeMsOf, type Pace, type RunPace } from "../../job/pace/pace.ts";
import { Windows } from "../../job/pace/windows.ts";
import { Governor } from "../../throttle/governor.ts";
import type { Reading } from "../../throttle/signal.ts";
import type { BatchPace } from "../batch/batch-pace.ts";
import { defaultWorkers } from "../options/default-workers.ts";
import { DutyCycle } from "./duty-cycle.ts";

const defaultBatchTime = "250ms";

/** How often a run that is held looks whether it may go on. */
const lookMs = 100;
/** The shortest batches that utilization leads to, as a share of the pace's batch time. */
const leastBatchTime = 0.1;
const leastBatchMs = 10;
/** The same share where shorter batches would not help. */
const leastBatchTimeAtRest = 0.5;
/** Where rows a second are limited they come in portions, not all at once. */
const batchesPerSecond = 4;
/** WAL of one batch, so that replicas get it in small pieces. */
const walBytesAtMost = 16_777_216;
/** However much WAL a row makes, a batch of so few rows is no burst. */
const rowsAtLeast = 100;

/** The pace of this process in a run: what people chose, held back by what the signals say. */
export class Pacer implements BatchPace {
  readonly #job: Pace;
  readonly #rowsAtMost: number;
  readonly #governor = new Governor();
  /** the same for those signals alone against which shorter batches help */
  readonly #shortening = new Governor();
  #chosen: RunPace;
  #windows: Windows | null;
  /** this process's part of what all processes may read a second */
  #share = 1;
  #nextAt = 0;
  readonly #dutyCycle = new DutyCycle();
  /** as many as the server's lock table was large enough for */
  #workersByLocks = Number.POSITIVE_INFINITY;
  #walBytesPerRow = 0;

  /** What stands in the run counts more than what its job says. No batch has more than `rowsAtMost` rows. */
  constructor(job: Pace, run: RunPace, rowsAtMost = Number.POSITIVE_INFINITY) {
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
    // What an earlier limit still owed counts no more.
    this.#nextAt = 0;
    this.#dutyCycle.forget();
  }

  /** What people chose, the job's part and tidefill's own included. */
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

  /** Those of them that may work just now. */
  get activeWorkers(): number {
    const byLevel = Math.ceil(this.#workersInAll * this.#governor.level);
    return Math.max(1, Math.min(byLevel, this.#workersByLocks));
  }

  get batchTimeMs(): number {
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
    return this.#governor.heldBackBy;
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
    if (rate !== null) this.#nextAt = Math.max(this.#nextAt, performance.now()) + (rows / rate) * 1_000;
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
  }

  /** Learns how many workers all processes have together, and how much WAL a row makes; 0 where that is not known. */
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

  /** The workers that the level is a part of: of processors and disks, more workers shall not take more. */
  get #workersInAll(): number {
    const onlyRestsHelp = this.heldBackBy?.onlyRestsHelp === true;
    return onlyRestsHelp ? Math.min(this.workers, defaultWorkers) : this.workers;
  }

  /** Workers are whole numbers: after rounding up, each worker at work rests for the part that is too much. */
  get #workShare(): number {
    return (this.#workersInAll * this.#governor.level) / this.activeWorkers;
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
