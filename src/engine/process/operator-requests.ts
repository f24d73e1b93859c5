import type { Database } from "../../postgres/transaction/database.ts";
import type { Advanced } from "../../store/runs/ranges.ts";
import type { StopSignal } from "../loop/stop-signal.ts";
import { spareConnections } from "../options/default-workers.ts";
import type { Pacer } from "../pacing/pacer.ts";

/** A pool of workers that can grow. */
interface Growing {
  readonly members: readonly unknown[];
  growTo(count: number): void;
}

/** Does what operators request of a run. Requests are read at each commit and with each heartbeat. */
export class OperatorRequests {
  readonly #db: Database;
  readonly #stop: StopSignal;
  readonly #pacer: Pacer;
  #pool: Growing | null = null;

  constructor(db: Database, stop: StopSignal, pacer: Pacer) {
    this.#db = db;
    this.#stop = stop;
    this.#pacer = pacer;
  }

  /** Sets the pool that grows when an operator asks for more workers. */
  attach(pool: Growing): void {
    this.#pool = pool;
  }

  /** Stops the run, or adopts another pace. Repeating a request does nothing. */
  apply({ wanted, pace }: Advanced): void {
    if (wanted === "paused" || wanted === "cancelled") this.#stop.stop({ reason: wanted });
    this.#pacer.follow(pace);
    const { workers } = this.#pacer;
    if (this.#pool === null || this.#stop.isStopping || workers <= this.#pool.members.length) return;
    this.#db.allowConnections(workers + spareConnections);
    this.#pool.growTo(workers);
  }
}
