import type { CallCost, CallRules } from "../../job/definition/calls.ts";
import type { Transform } from "../../job/definition/define-job.ts";
import type { OpenedJob } from "../../plan/open/opened-job.ts";
import type { CallsPause } from "../../store/runs/run.ts";
import { installedVersion } from "../../store/schema/store-schema.ts";
import type { Session } from "../../store/session.ts";
import type { AskControl } from "../batch/batch-work.ts";
import { type CallHome, callHomeOfDryRun } from "../calls/call-home.ts";
import type { StopSignal } from "../loop/stop-signal.ts";
import type { EngineEvent, Events } from "../report/events.ts";

/** What a dry run has asked other systems, for real. */
export interface DryCallsReport {
  readonly made: number;
  readonly failed: number;
  /** the mean of the calls that were made; null where none was */
  readonly secondsEach: number | null;
  /** what they cost; null where the job does not say */
  readonly cost: CallCost | null;
  /** whether the next run of the job takes the answers over */
  readonly areKept: boolean;
  /** answers about a person are not kept */
  readonly isPersonal: boolean;
  /** the same for the whole run */
  readonly whole: { readonly calls: number; readonly seconds: number | null; readonly cost: CallCost | null };
}

/** The calls of a dry run: what they obey, and what they come to. */
export class DryCalls implements AskControl {
  readonly home: CallHome | null;
  readonly stop: StopSignal;
  readonly events: Events;
  readonly #opened: OpenedJob;
  readonly #areKept: boolean;
  #pausedUntil = 0;
  #nextAt = 0;
  #made = 0;
  #failed = 0;
  #charged = 0;
  #seconds = 0;

  constructor(
    opened: OpenedJob,
    home: CallHome | null,
    { stop, events }: { readonly stop: StopSignal; readonly events: Events },
    areKept: boolean,
  ) {
    this.#opened = opened;
    this.home = home;
    this.stop = stop;
    this.events = events;
    this.#areKept = areKept;
  }

  /** Answers are kept where tidefill's schema is installed, unless they are about a person. */
  static async open(
    session: Session,
    opened: OpenedJob,
    control: { readonly stop: StopSignal; readonly events: Events },
    files: Readonly<Record<string, string>>,
  ): Promise<DryCalls> {
    const areKept =
      opened.job.calls !== null &&
      !opened.isPersonal &&
      (await installedVersion(session.db, session.store.schema)) !== null;
    return new DryCalls(opened, callHomeOfDryRun(session, opened, files, areKept), control, areKept);
  }

  get calls(): AskControl["calls"] {
    return { atOnce: this.#rules?.atOnce ?? 1, perSecond: this.#rules?.perSecond ?? null };
  }

  get pauseMs(): number {
    return Math.max(0, this.#pausedUntil - performance.now());
  }

  async takeTurns(calls: number, perSecond: number): Promise<number> {
    const now = performance.now();
    const at = Math.max(now, this.#nextAt);
    this.#nextAt = at + (calls * 1_000) / perSecond;
    return at - now;
  }

  renew(): void {}

  pauseCalls({ ms }: CallsPause): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, performance.now() + ms);
  }

  hear(event: EngineEvent): void {
    if (event.type !== "call ended") return;
    this.#made += 1;
    this.#seconds += event.seconds;
    if (event.cost !== null) this.#charged += 1;
    if (event.outcome === "failed" || event.outcome === "timed out") this.#failed += 1;
  }

  report(): DryCallsReport | null {
    const rules = this.#rules;
    if (rules === null) return null;
    const each = this.#made === 0 ? null : this.#seconds / this.#made;
    return {
      made: this.#made,
      failed: this.#failed,
      secondsEach: each === null ? null : Number(each.toFixed(3)),
      cost: costOf(rules, this.#charged),
      areKept: this.#areKept,
      isPersonal: this.#opened.isPersonal,
      whole: wholeOf(rules, this.#opened.estimate.rows, each),
    };
  }

  get #rules(): CallRules | null {
    return this.#opened.job.calls;
  }
}

/** How many calls a number of rows takes, how long, at the limits of one process, and what they cost. */
export function wholeOf(rules: CallRules, rows: number, secondsEach: number | null): DryCallsReport["whole"] {
  const calls = Math.ceil(rows / (rules.rowsPerCall ?? 1));
  const byRate = rules.perSecond === null ? 0 : calls / rules.perSecond;
  const byTime = secondsEach === null ? null : (calls * secondsEach) / rules.atOnce;
  const seconds = byTime === null ? (byRate === 0 ? null : byRate) : Math.max(byRate, byTime);
  return { calls, seconds: seconds === null ? null : Math.ceil(seconds), cost: costOf(rules, calls) };
}

function costOf({ cost }: CallRules, calls: number): CallCost | null {
  return cost === null
    ? null
    : { amount: Number((cost.amount * calls).toPrecision(6)), currency: cost.currency };
}

/** An asynchronous transform that takes longer should not run in the batch's transaction. */
const slowMs = 100;

/** Finds out whether a transform without `calls` waits for something else than the database. */
export class SlowTransform {
  slowestMs = 0;

  get isSlow(): boolean {
    return this.slowestMs > slowMs;
  }

  watch(opened: OpenedJob): OpenedJob {
    const { write, job } = opened;
    if (write.kind !== "rows" || job.calls !== null) return opened;
    const transform: Transform = (row, context) => {
      const answer = write.transform(row, context);
      if (!(answer instanceof Promise)) return answer;
      const begin = performance.now();
      return answer.finally(() => {
        this.slowestMs = Math.max(this.slowestMs, performance.now() - begin);
      });
    };
    return { ...opened, write: { ...write, transform } };
  }
}
