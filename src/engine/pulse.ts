import type { Database } from "../postgres/database.ts";
import { readProgress } from "../store/progress.ts";
import type { Store } from "../store/store.ts";
import type { Events } from "./events.ts";
import type { EngineEvent } from "./events.ts";
import type { StopSignal } from "./stop-signal.ts";
import type { Worker } from "./worker.ts";

const everyMs = 1_000;
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
  #rows = 0;
  #timer: NodeJS.Timeout | undefined;
  #beating: Promise<void> = Promise.resolve();

  constructor(
    db: Database,
    store: Store,
    run: bigint,
    process: { readonly id: string; readonly leaseMs: number },
    workers: readonly Worker[],
    control: { readonly events: Events; readonly stop: StopSignal },
  ) {
    this.#db = db;
    this.#store = store;
    this.#run = run;
    this.#process = process;
    this.#workers = workers;
    this.#control = control;
  }

  /** Counts rows for the rate. */
  hear(event: EngineEvent): void {
    if (event.type === "batch committed") this.#rows += event.counts.read;
  }

  /** Enters the process, then beats until it is stopped. @throws when the first beat fails */
  async start(): Promise<void> {
    await this.#beat();
    this.#timer = setInterval(() => {
      // A beat that fails is made up for by the next; the workers find out by themselves when the database is gone.
      this.#beating = this.#beating.then(() => this.#beat()).catch(() => {});
    }, Math.min(everyMs, this.#process.leaseMs / 3));
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#beating;
  }

  async #beat(): Promise<void> {
    const { events, stop } = this.#control;
    const { id, leaseMs } = this.#process;
    const rowsPerSecond = this.#rate();
    await this.#store.workers.beat(this.#db, this.#run, { id, workers: this.#workers.length, leaseMs, rowsPerSecond });
    const run = await this.#store.runs.find(this.#db, this.#run);
    if (run === null) return;
    if (run.wanted !== "running") stop.stop({ reason: run.wanted });
    const progress = await readProgress(this.#db, this.#store.schema, this.#run);
    const busyWorkers = this.#workers.filter((worker) => worker.isBusy).length;
    const batchRows = Math.max(0, ...this.#workers.map((worker) => worker.batchRows));
    events.emit({ type: "pulse", progress, status: run.status, busyWorkers, batchRows });
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
