import type { Relation } from "../postgres/catalog.ts";
import type { Database } from "../postgres/database.ts";
import { readServerActivity } from "../postgres/server-activity.ts";
import { readProgress } from "../store/progress.ts";
import type { Store } from "../store/store.ts";
import type { EngineEvent, Events } from "./events.ts";
import { progressRatio, rowsRemaining } from "./run-report.ts";
import type { StopSignal } from "./stop-signal.ts";
import type { Worker } from "./worker.ts";

const everyMs = 1_000;
/** Replicas and dead rows are looked at on each n-th beat. */
const observeEvery = 4;
/** Rates are taken over about so many pulses. */
const rateWindow = 10;

/** Says that the process is alive, hears what operators want, and tells listeners how far the run is. */
export class Pulse {
  readonly #db: Database;
  readonly #store: Store;
  readonly #run: bigint;
  readonly #process: { readonly id: string; readonly leaseMs: number };
  readonly #control: { readonly events: Events; readonly stop: StopSignal };
  readonly #workers: readonly Worker[];
  readonly #window: { readonly at: number; readonly rows: number }[] = [];
  readonly #relation: Relation;
  #beats = 0;
  #rows = 0;
  #timer: NodeJS.Timeout | undefined;
  #beating: Promise<void> | null = null;

  constructor(
    db: Database,
    store: Store,
    run: bigint,
    relation: Relation,
    process: { readonly id: string; readonly leaseMs: number },
    workers: readonly Worker[],
    control: { readonly events: Events; readonly stop: StopSignal },
  ) {
    this.#db = db;
    this.#store = store;
    this.#run = run;
    this.#relation = relation;
    this.#process = process;
    this.#workers = workers;
    this.#control = control;
  }

  /** Counts rows for the rate. */
  hear(event: EngineEvent): void {
    if (event.type === "batch committed") this.#rows += event.counts.read;
  }

  /** Beats until it is stopped; a beat that fails or hangs is made up for by a later one. */
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

  /** Stops; a beat that hangs in a broken connection is not waited for. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.race([this.#beating, new Promise((resolve) => setTimeout(resolve, 1_000).unref())]);
  }

  async #beat(): Promise<void> {
    const { events, stop } = this.#control;
    const { id, leaseMs } = this.#process;
    const rowsPerSecond = this.#rate();
    await this.#store.workers.beat(this.#db, this.#run, {
      id,
      workers: this.#workers.length,
      leaseMs,
      rowsPerSecond,
    });
    const run = await this.#store.runs.find(this.#db, this.#run);
    if (run === null) return;
    if (run.wanted !== "running") stop.stop({ reason: run.wanted });
    const progress = await readProgress(this.#db, this.#store.schema, this.#run);
    const busyWorkers = this.#workers.filter((worker) => worker.isBusy).length;
    const batchRows = Math.max(0, ...this.#workers.map((worker) => worker.batchRows));
    const ratio = progressRatio(run, progress);
    const remaining = rowsRemaining(run, progress);
    const workers = this.#workers.length;
    const { status } = run;
    events.emit({
      type: "pulse",
      progress,
      status,
      ratio,
      rowsRemaining: remaining,
      workers,
      busyWorkers,
      batchRows,
    });
    if (this.#beats % observeEvery === 0) await this.#observe();
    this.#beats += 1;
  }

  async #observe(): Promise<void> {
    const activity = await readServerActivity(this.#db, this.#relation.oid);
    const { schema, name } = this.#relation;
    const undoLogBytes = await this.#store.undoLogs.bytes(this.#db, this.#run);
    this.#control.events.emit({
      type: "server observed",
      table: `${schema}.${name}`,
      activity,
      undoLogBytes,
    });
  }

  #rate(): number {
    const now = performance.now();
    this.#window.push({ at: now, rows: this.#rows });
    if (this.#window.length > rateWindow) this.#window.shift();
    const [first] = this.#window;
    if (first === undefined || now - first.at < 100) return 0;
    return ((this.#rows - first.rows) / (now - first.at)) * 1_000;
  }
}
