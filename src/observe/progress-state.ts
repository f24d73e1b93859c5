import { type EngineEvent, obstacleOf } from "../engine/events.ts";
import { formatCount, formatInterval, formatPercent } from "./format.ts";

type Pulse = Extract<EngineEvent, { type: "pulse" }>;

/** What the progress line says, kept up to date by events. */
export class ProgressState {
  #estimatedRows = 0;
  #estimatedWalk = 0;
  #pulse: Pulse | null = null;
  /** what this process has committed since the last pulse, which told what all have */
  #since = { read: 0, walked: 0, rejected: 0 };
  #busy = 0;
  #sweep = 0;
  #heldBack: string | null = null;
  /** what the signals say: held entirely, or slowed down */
  #throttle: string | null = null;
  /** what is said between two stages; null while rows are worked on */
  #between: string | null = null;

  hear(event: EngineEvent): void {
    switch (event.type) {
      case "run started":
        this.#estimatedRows = event.estimatedRows;
        this.#estimatedWalk = event.estimatedWalk;
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
      case "batch committed":
        this.#committed(event);
        break;
      case "batch failed":
        this.#heldBack = obstacleOf(event);
        break;
      case "pace changed":
        this.#throttle =
          event.heldBack === null
            ? null
            : `${event.isHeld ? "held" : "slowed down"}: ${event.heldBack.reason}`;
        break;
      case "sweep started":
        this.#sweep = event.sweep;
        break;
      case "pulse":
        this.#pulse = event;
        // The measure moves on while the reason stays.
        if (event.heldBack !== null)
          this.#throttle = `${event.level === 0 ? "held" : "slowed down"}: ${event.heldBack.reason}`;
        this.#since = { read: 0, walked: 0, rejected: 0 };
        break;
      default:
    }
  }

  /** One line for people. */
  text(job: string): string {
    if (this.#between !== null) return `${job}  ${this.#between}`;
    const done =
      this.#sweep > 0 ? [`looking for rows that came late (sweep ${this.#sweep})`] : this.#howFar();
    const rejected = (this.#pulse?.progress.rejected ?? 0) + this.#since.rejected;
    const rejects = rejected > 0 ? [`${formatCount(rejected)} rejected`] : [];
    // A line that is too long is cut at its end: what holds the run back must not be.
    return [job, ...done, ...this.#why(), ...rejects, ...this.#pace()].join("  ");
  }

  #howFar(): string[] {
    const read = (this.#pulse?.progress.read ?? 0) + this.#since.read;
    const walked = (this.#pulse?.progress.walked ?? 0) + this.#since.walked;
    const ratio = Math.min(0.99, walked / Math.max(1, walked, this.#estimatedWalk));
    const rows = `${formatCount(read)} of ~${formatCount(Math.max(this.#estimatedRows, read))} rows`;
    const rate = this.#pulse?.progress.rowsPerSecond ?? 0;
    const eta = this.#pulse?.etaInterval ?? null;
    if (rate <= 0 || eta === null || this.#pulse?.level === 0) return [formatPercent(ratio), rows];
    return [formatPercent(ratio), rows, `${formatCount(rate)} rows/s`, `${formatInterval(eta)} left`];
  }

  #pace(): string[] {
    if (this.#pulse === null) return [];
    const { workers } = this.#pulse.progress;
    return [
      `${workers} ${workers === 1 ? "worker" : "workers"} × ${formatCount(this.#pulse.batchRows)} rows`,
    ];
  }

  #why(): string[] {
    if (this.#throttle !== null) return [this.#throttle];
    if (this.#heldBack !== null) return [`held back: ${this.#heldBack}`];
    // Workers of ours that wait while others of ours still work are no news.
    return this.#busy === 0 && this.#pulse !== null
      ? ["waiting for ranges that others hold, or for their leases to run out"]
      : [];
  }

  #committed({ counts }: Extract<EngineEvent, { type: "batch committed" }>): void {
    const { read, walked, rejected } = this.#since;
    this.#since = {
      read: read + counts.read,
      walked: walked + counts.walked,
      rejected: rejected + counts.rejected,
    };
    this.#heldBack = null;
  }
}
