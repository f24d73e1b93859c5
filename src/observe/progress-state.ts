import type { EngineEvent } from "../engine/report/events.ts";
import { type Hold, isStandstill } from "../remedies/hold.ts";
import { holdBySignal } from "../remedies/hold-by-signal.ts";
import { holdByObstacle } from "../remedies/obstacles.ts";
import { runName } from "../remedies/stops.ts";
import { formatCount, formatInterval, formatPercent } from "./format.ts";

type ProgressEvent = Extract<EngineEvent, { type: "progress" }>;

/** What is said of a run: how far it is and, while it waits, why and what to type. */
export interface Said {
  readonly hold: Hold | null;
  readonly figures: readonly string[];
}

/** What the progress line says, kept up to date by events. */
export class ProgressState {
  #estimatedRows = 0;
  #estimatedWalk = 0;
  #last: ProgressEvent | null = null;
  /** what to type for the run */
  #name = "";
  /** what this process has committed since the last progress event, which covers all processes */
  #since = { read: 0, walked: 0, rejected: 0 };
  #busy = 0;
  /** calls of another system that this process has under way; null before the first */
  #calls: number | null = null;
  #sweep = 0;
  /** why the run waits, by the last progress, signal or failure */
  #hold: Hold | null = null;
  /** what is said between two stages; null while rows are worked on */
  #between: string | null = null;

  hear(event: EngineEvent): void {
    switch (event.type) {
      case "run started":
        this.#estimatedRows = event.estimatedRows;
        this.#estimatedWalk = event.estimatedWalk;
        this.#name = runName(event);
        this.#between = null;
        break;
      case "stage done":
        this.#between = event.message;
        break;
      case "range leased":
        this.#busy += 1;
        break;
      case "range done":
      case "range released":
      case "lease lost":
        this.#busy -= 1;
        break;
      case "call began":
      case "call ended":
        this.#calls = (this.#calls ?? 0) + (event.type === "call began" ? 1 : -1);
        break;
      case "batch committed":
        this.#committed(event);
        break;
      case "batch failed":
      case "worker failed":
        this.#failed(event);
        break;
      case "pace changed":
        this.#hold = event.heldBack === null ? null : holdBySignal(event.heldBack, event.isHeld, this.#name);
        break;
      case "sweep started":
        this.#sweep = event.sweep;
        break;
      case "progress":
        this.#progressed(event);
        break;
      default:
    }
  }

  said(): Said {
    if (this.#between !== null) return { hold: null, figures: [this.#between] };
    const hold = this.#hold ?? this.#waiting();
    const done =
      this.#sweep > 0 ? [`looking for rows that came late (sweep ${this.#sweep})`] : this.#howFar(hold);
    const rejected = (this.#last?.progress.rejected ?? 0) + this.#since.rejected;
    const rejects = rejected > 0 ? [`${formatCount(rejected)} rejected`] : [];
    return { hold, figures: [...done, ...rejects, ...this.#pace()] };
  }

  #howFar(hold: Hold | null): string[] {
    const read = (this.#last?.progress.read ?? 0) + this.#since.read;
    const walked = (this.#last?.progress.walked ?? 0) + this.#since.walked;
    const ratio = Math.min(0.99, walked / Math.max(1, walked, this.#estimatedWalk));
    const rows = `${formatCount(read)} of ~${formatCount(Math.max(this.#estimatedRows, read))} rows`;
    const rate = this.#last?.progress.rowsPerSecond ?? 0;
    const eta = this.#last?.etaInterval ?? null;
    const stands = hold !== null && isStandstill(hold);
    if (rate <= 0 || eta === null || stands) return [formatPercent(ratio), rows];
    return [formatPercent(ratio), rows, `${formatCount(rate)} rows/s`, `${formatInterval(eta)} left`];
  }

  #pace(): string[] {
    if (this.#last === null) return [];
    const { workers } = this.#last.progress;
    const calls = this.#calls === null ? [] : [`${formatCount(this.#calls)} calls under way`];
    return [
      `${workers} ${workers === 1 ? "worker" : "workers"} × ${formatCount(this.#last.batchRows)} rows`,
      ...calls,
    ];
  }

  /** Said only when all workers of this process wait. */
  #waiting(): Hold | null {
    if (this.#busy !== 0 || this.#last === null) return null;
    return {
      kind: "waiting",
      reason: "other processes hold the last ranges, or their leases must run out first",
      remedy: `wait; to see which processes are at work: tidefill status ${this.#name}`,
    };
  }

  #progressed(event: ProgressEvent): void {
    this.#last = event;
    this.#hold = event.hold;
    this.#since = { read: 0, walked: 0, rejected: 0 };
  }

  /** A progress event is more exact, but none comes while the database is away. */
  #failed(event: Extract<EngineEvent, { type: "batch failed" | "worker failed" }>): void {
    if (this.#hold?.kind !== "held back") this.#hold = holdByObstacle(event, this.#name) ?? this.#hold;
  }

  #committed({ counts }: Extract<EngineEvent, { type: "batch committed" }>): void {
    const { read, walked, rejected } = this.#since;
    this.#since = {
      read: read + counts.read,
      walked: walked + counts.walked,
      rejected: rejected + counts.rejected,
    };
    if (this.#hold?.kind === "held back") this.#hold = null;
  }
}
