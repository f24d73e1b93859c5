import type { Database } from "../../postgres/transaction/database.ts";
import type { Advanced } from "../../store/runs/ranges.ts";
import type { StopSignal } from "../loop/stop-signal.ts";
import { spareConnections } from "../options/default-workers.ts";
import type { Pacer } from "../pacing/pacer.ts";

/** Workers that can become more. */
interface Growing {
  readonly members: readonly unknown[];
  growTo(count: number): void;
}

/** Does what operators ask of a run: heard at each commit and, while none comes, with each heartbeat. */
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

  /** The workers that are to be as many as somebody has asked for. */
  attach(pool: Growing): void {
    this.#pool = pool;
  }

  /** Stops, or adopts another pace; the same request twice does nothing. */
  apply({ wanted, pace }: Advanced): void {
    if (wanted === "paused" || wanted === "cancelled") this.#stop.stop({ reason: wanted });
    this.#pacer.follow(pace);
    const { workers } = this.#pacer;
    if (this.#pool === null || this.#stop.isStopping || workers <= this.#pool.members.length) return;
    this.#db.allowConnections(workers + spareConnections);
    this.#pool.growTo(workers);
  }
}
