import { sql } from "../../postgres/sql/sql.ts";
import type { Database, Transaction } from "../../postgres/transaction/database.ts";
import { type Hold, holdToText } from "../../remedies/hold.ts";
import { noProgress, type Progress, plus, readProgress } from "../../store/runs/progress.ts";
import type { Run } from "../../store/runs/run.ts";
import type { Session } from "../../store/session.ts";
import type { Store } from "../../store/store.ts";
import { within } from "../../within.ts";
import type { WorkerPool } from "../loop/worker-pool.ts";
import type { Pacer } from "../pacing/pacer.ts";
import type { SignalMonitor } from "../pacing/signal-monitor.ts";
import type { EngineEvent, Events } from "../report/events.ts";
import { etaIntervalOf, progressRatio, rowsRemaining } from "../report/run-report.ts";
import type { CallControl } from "./call-control.ts";
import type { Holds } from "./holds.ts";
import type { OperatorRequests } from "./operator-requests.ts";
import { RateWindow } from "./rate-window.ts";
import { Sampler } from "./sampler.ts";

const everyMs = 1_000;
/** How long a beat waits for the run's row. */
const lockMs = 500;
/** Sizes and dead rows are read on each n-th beat. */
const observeEvery = 4;
/** With fewer rows the WAL per row is too inaccurate. */
const fewestMeasured = 1_000;
/** Signals by which an operator has chosen that the run does not work now. */
const offDuty = ["window", "stop file"] as const;

/** What a heartbeat reads, and what it informs. */
interface Parts {
  readonly pool: WorkerPool;
  readonly pacer: Pacer;
  readonly monitor: SignalMonitor;
  readonly events: Events;
  readonly requests: OperatorRequests;
  readonly holds: Holds;
  readonly calls: Pick<CallControl, "learn" | "count">;
}

/** Records that the process is alive, reads what operators request, and reports progress to listeners. */
export class Heartbeat {
  readonly #db: Database;
  readonly #store: Store;
  readonly #run: bigint;
  readonly #process: { readonly id: string; readonly leaseMs: number };
  readonly #parts: Parts;
  readonly #sampler: Sampler;
  readonly #rate = new RateWindow();
  #beats = 0;
  #keepsAnswers = false;
  #beatAt = performance.now();
  /** seconds at work that are not yet added to the run */
  #atWork = 0;
  #passed = 0;
  #readAtFirst: number | null = null;
  #walAtFirst: { readonly rows: number; readonly bytes: number } | null = null;
  /** the progress of the last heartbeat, plus what this process has committed since */
  #seen: Progress = noProgress;
  #timer: NodeJS.Timeout | undefined;
  #beating: Promise<void> | null = null;

  constructor(
    { db, store }: Session,
    run: bigint,
    process: { readonly id: string; readonly leaseMs: number },
    parts: Parts,
  ) {
    this.#db = db;
    this.#store = store;
    this.#run = run;
    this.#process = process;
    this.#parts = parts;
    this.#sampler = new Sampler({ db, store }, run, parts);
  }

  /** Counts rows for the rate, and notes why batches fail. */
  hear(event: EngineEvent): void {
    this.#parts.holds.hear(event);
    this.#sampler.hear(event);
    if (event.type !== "batch committed") return;
    this.#rate.add(event.counts.read);
    this.#seen = plus(this.#seen, event.counts);
    this.#parts.monitor.recordCommit(event.seconds.commit);
  }

  /** The progress of the run, as far as this process knows without a query. */
  get seen(): Progress {
    return this.#seen;
  }

  /** Beats until it is stopped. A later beat makes up for one that fails or hangs. */
  start(): void {
    const beat = (): void => {
      if (this.#beating !== null) return;
      this.#beating = this.#beat()
        .catch(() => {})
        .finally(() => {
          this.#beating = null;
        });
    };
    beat();
    this.#timer = setInterval(beat, Math.min(everyMs, this.#process.leaseMs / 3));
  }

  /** Stops without waiting for a beat that hangs in a broken connection. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#parts.holds.stop();
    const end = async (tx: Transaction): Promise<void> => {
      await this.#credit(tx);
      await this.#sampler.sampleLast(tx, this.#seen);
    };
    const last = Promise.resolve(this.#beating).then(() =>
      this.#db.transaction(end, { mayBeForgotten: true }),
    );
    await within(
      1_000,
      last.catch(() => {}),
    );
  }

  async #beat(): Promise<void> {
    const { events, pacer, pool, monitor, requests, calls } = this.#parts;
    const { activeWorkers, heldBackBy } = pacer;
    const hold = this.#parts.holds.now(pacer);
    const { run, progress } = await this.#exchange(activeWorkers, hold);
    if (run === null) return;
    requests.apply(run);
    calls.learn(run.callsPause);
    this.#keepsAnswers = run.answers === "plain" || run.answers === "encrypted";
    this.#seen = progress;
    pacer.measured(progress.workers, monitor.walBytesPerRow(progress.rowsPerSecond));
    events.emit({
      type: "progress",
      progress,
      status: run.status,
      ratio: progressRatio(run, progress),
      rowsRemaining: rowsRemaining(run, progress),
      etaInterval: etaIntervalOf(run, progress),
      workers: activeWorkers,
      busyWorkers: pool.members.filter((worker) => worker.isBusy).length,
      batchRows: Math.max(0, ...pool.members.map((worker) => worker.batchRows)),
      level: pacer.level,
      heldBack: heldBackBy,
      hold,
    });
    await this.#sampler.sample(progress, hold);
    this.#readAtFirst ??= progress.read;
    if (this.#beats % observeEvery === 0) await this.#observe(progress.read - this.#readAtFirst);
    this.#beats += 1;
  }

  /** Records that the process is alive, and reads the run with what operators request, and its progress. */
  async #exchange(
    workers: number,
    hold: Hold | null,
  ): Promise<{ readonly run: Run | null; readonly progress: Progress }> {
    const alive = {
      ...this.#process,
      workers,
      rowsPerSecond: this.#isOff ? 0 : this.#rate.measure(),
      heldBack: hold === null ? null : holdToText(hold),
    };
    const limits = { mayBeForgotten: true } as const;
    // By itself: to read the progress of many ranges may take longer than a process may be silent.
    await this.#db.transaction(async (tx) => {
      await this.#store.workers.beat(tx, this.#run, alive);
      if (this.#beats > 0) await this.#credit(tx);
      else this.#count();
    }, limits);
    return this.#db.transaction(async (tx) => {
      const run = await this.#store.runs.find(tx, this.#run);
      return { run, progress: await readProgress(tx, this.#store.schema, this.#run) };
    }, limits);
  }

  get #isOff(): boolean {
    const { heldBackBy, level } = this.#parts.pacer;
    return level === 0 && offDuty.some((signal) => signal === heldBackBy?.signal);
  }

  /** Time in which an operator has chosen that the run does not work does not count for its speed. */
  #count(): void {
    const seconds = (performance.now() - this.#beatAt) / 1_000;
    this.#beatAt = performance.now();
    this.#passed += seconds;
    if (!this.#isOff) this.#atWork += seconds;
  }

  /**
   * Adds the seconds and calls since the last time to the run; leaves that to the next beat while the run is locked.
   */
  async #credit(tx: Transaction): Promise<void> {
    this.#count();
    await this.#parts.calls.count(tx);
    const seconds = { atWork: this.#atWork, passed: this.#passed };
    if (!(await this.#store.workers.credit(tx, this.#run, this.#process.id, seconds))) return;
    [this.#atWork, this.#passed] = [0, 0];
  }

  async #observe(rowsRead: number): Promise<void> {
    const { events, monitor } = this.#parts;
    await this.#measureWal(rowsRead);
    const observed = await this.#db.transaction(async (tx) => ({
      ...(await monitor.observe(tx)),
      undoLogBytes: await this.#store.undoLogs.bytes(tx, this.#run),
      keptAnswers: this.#keepsAnswers ? await this.#store.answers.waiting(tx, this.#run) : null,
    }));
    events.emit({ type: "server observed", ...observed });
  }

  /** The server reports WAL a second or two late. Between two looks this cancels out. */
  async #measureWal(rows: number): Promise<void> {
    const { ownWalBytes: bytes } = this.#parts.monitor;
    if (bytes === null || rows < fewestMeasured) return;
    this.#walAtFirst ??= { rows, bytes };
    const since = { rows: rows - this.#walAtFirst.rows, bytes: bytes - this.#walAtFirst.bytes };
    const each = since.rows < fewestMeasured ? bytes / rows : since.bytes / since.rows;
    const measured = { wal_bytes_per_row: sql`${each}::double precision` };
    // A beat must not wait for a frozen process: this one would look dead meanwhile.
    const limits = { lockMs, mayBeForgotten: true } as const;
    await this.#db.transaction((tx) => this.#store.runs.set(tx, this.#run, measured), limits);
  }
}
