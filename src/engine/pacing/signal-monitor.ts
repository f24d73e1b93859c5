import { withPasswords } from "../../postgres/connection/address.ts";
import {
  type ReplicaLag,
  readServerActivity,
  type ServerActivity,
} from "../../postgres/server/server-activity.ts";
import { serverTime } from "../../postgres/server/server-time.ts";
import type { Database, Queryable } from "../../postgres/transaction/database.ts";
import { ProbeConnection } from "../../postgres/transaction/probe-connection.ts";
import type { Run } from "../../store/runs/run.ts";
import type { Reading } from "../../throttle/signal.ts";
import { SignalWatch } from "../../throttle/signal-watch.ts";
import { batchesOf } from "../batch/batch-name.ts";
import type { RunTask } from "../batch/run-task.ts";
import type { StopSignal } from "../loop/stop-signal.ts";
import type { InTest } from "../options/in-test.ts";
import type { Events } from "../report/events.ts";
import { Blockers } from "./blockers.ts";
import type { Pacer } from "./pacer.ts";
import { type Signals, signalsOf } from "./signals-of.ts";

/** The longest delay that `setTimeout` accepts. */
const longestTimerMs = 2_147_483_647;

/** Reads the signals for this process: passes them to the pacer, and emits an event on each change. */
export class SignalMonitor {
  readonly #db: Database;
  readonly #task: RunTask;
  readonly #options: { readonly exitWhenClosed: boolean; readonly until: Date | undefined };
  readonly #pacer: Pacer;
  readonly #control: { readonly events: Events; readonly stop: StopSignal };
  readonly #signals: Signals;
  readonly #probe: ProbeConnection;
  readonly #watch: SignalWatch;
  #told: string | null = null;
  #untilTimer: NodeJS.Timeout | undefined;

  constructor(
    db: Database,
    run: Pick<Run, "id" | "job">,
    task: RunTask,
    options: {
      readonly replicas: readonly string[];
      readonly exitWhenClosed: boolean;
      readonly until: Date | undefined;
      readonly inTest: InTest | null;
    },
    pacer: Pacer,
    control: { readonly events: Events; readonly stop: StopSignal },
  ) {
    this.#db = db;
    this.#task = task;
    this.#options = options;
    this.#pacer = pacer;
    this.#control = control;
    this.#signals = signalsOf(
      task,
      batchesOf(run.job, run.id),
      () => withPasswords(pacer.chosen.replica ?? [], options.replicas),
      () => pacer.windows,
    );
    this.#probe = new ProbeConnection(db);
    this.#watch = new SignalWatch(
      this.#probe,
      // A test must not wait for a quiet machine.
      options.inTest === null ? this.#signals.all : [],
      (readings) => this.#learn(readings),
      (signal, message) => control.events.emit({ type: "signal blind", signal, message }),
    );
  }

  /** Reads all signals once, before the first batch, and then regularly. */
  async start(): Promise<void> {
    await this.#watch.start();
    const { until } = this.#options;
    if (until !== undefined) await this.#leaveAt(until);
  }

  async stop(): Promise<void> {
    clearTimeout(this.#untilTimer);
    await this.#watch.stop();
    await this.#signals.lag.close();
  }

  /** The finder of the sessions whose locks the run's batches wait for. */
  blockersOf({ job, id }: Pick<Run, "id" | "job">): Blockers {
    return new Blockers(this.#probe, batchesOf(job, id));
  }

  /** Notes how long one of our commits took. */
  recordCommit(commitSeconds: number): void {
    this.#signals.commits.observe(commitSeconds * 1_000);
  }

  /** Bytes of WAL per row of the run. Counts all WAL where the server cannot tell the run's own. */
  walBytesPerRow(rowsPerSecond: number): number {
    const { ownBytesPerSecond, bytesPerSecond } = this.#signals.wal;
    return rowsPerSecond > 0 ? (ownBytesPerSecond ?? bytesPerSecond) / rowsPerSecond : 0;
  }

  /** Bytes of WAL of all processes of the run since our first look; null where the server cannot tell. */
  get ownWalBytes(): number | null {
    return this.#signals.wal.ownBytes;
  }

  get ownWalBytesPerSecond(): number | null {
    return this.#signals.wal.ownBytesPerSecond;
  }

  /** How far the slowest standby is behind; null where none is seen, or none is known. */
  get lagSeconds(): number | null {
    const known = this.#signals.lag.lags.flatMap(({ seconds }) => seconds ?? []);
    return known.length === 0 ? null : Math.max(...known);
  }

  /** What metrics show about the server. */
  async observe(db: Queryable): Promise<{
    readonly table: string;
    readonly activity: ServerActivity;
    readonly replicas: readonly ReplicaLag[];
    readonly ownWalBytesPerSecond: number | null;
  }> {
    const { oid, schema, name } = this.#task.relation;
    const activity = await readServerActivity(db, oid);
    return {
      table: `${schema}.${name}`,
      activity,
      replicas: this.#signals.lag.lags,
      ownWalBytesPerSecond: this.ownWalBytesPerSecond,
    };
  }

  #learn(seen: readonly Reading[]): void {
    const { events, stop } = this.#control;
    const { ignore = [] } = this.#pacer.chosen;
    const readings = seen.filter(({ signal }) => !ignore.includes(signal));
    this.#pacer.learn(readings);
    const { heldBackBy, level } = this.#pacer;
    const isHeld = level === 0;
    const told = heldBackBy === null ? null : `${heldBackBy.signal} ${isHeld}`;
    if (told !== this.#told) events.emit({ type: "pace changed", heldBack: heldBackBy, isHeld });
    this.#told = told;
    const isClosed = readings.some(({ signal, utilization }) => signal === "window" && utilization >= 1);
    if (isClosed && this.#options.exitWhenClosed) stop.stop({ reason: "window" });
  }

  // By the database's clock, like all times.
  async #leaveAt(until: Date): Promise<void> {
    const inMs = until.getTime() - (await serverTime(this.#db)).getTime();
    const leave = (): void => this.#control.stop.stop({ reason: "until" });
    this.#untilTimer = setTimeout(leave, Math.min(longestTimerMs, Math.max(0, inMs)));
  }
}
