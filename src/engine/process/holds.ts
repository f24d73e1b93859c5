import type { Hold } from "../../remedies/hold.ts";
import { holdByCalls, holdByFailingCalls } from "../../remedies/hold-by-calls.ts";
import { holdBySignal } from "../../remedies/hold-by-signal.ts";
import { holdByBlockers, holdByObstacle, type Obstacle } from "../../remedies/obstacles.ts";
import type { Blockers } from "../pacing/blockers.ts";
import type { Pacer } from "../pacing/pacer.ts";
import type { EngineEvent } from "../report/events.ts";
import type { CallControl } from "./call-control.ts";

/** Batches still commit while only some workers get a connection, so the reason is shown for so long. */
const shortageMs = 5_000;

/** Why a process does less than it could. A failure of its batches outranks a signal that slows it down. */
export class Holds {
  /** the run's name as a command takes it */
  readonly #name: string;
  readonly #blockers: Blockers;
  readonly #calls: Pick<CallControl, "pause" | "failure">;
  #obstacle: (Obstacle & { readonly at: number }) | null = null;

  constructor(name: string, blockers: Blockers, calls: Pick<CallControl, "pause" | "failure">) {
    this.#calls = calls;
    this.#name = name;
    this.#blockers = blockers;
  }

  hear(event: EngineEvent): void {
    if (event.type === "batch failed" || event.type === "worker failed") {
      const { reason, sqlstate } = event;
      this.#obstacle = { reason, sqlstate, at: performance.now() };
      if (reason === "lock" || reason === "deadlock") this.#blockers.seek();
    }
    if (event.type === "batch committed") this.#goesOn();
  }

  /** The hold that counts most; null at full pace. */
  now({ heldBackBy, level }: Pick<Pacer, "heldBackBy" | "level">): Hold | null {
    // A held run tries nothing, so its earlier failure no longer counts.
    if (level === 0 && heldBackBy !== null) return holdBySignal(heldBackBy, true, this.#name);
    const blocked = holdByBlockers(this.#blockers.found);
    const obstacle = this.#obstacle === null ? null : holdByObstacle(this.#obstacle, this.#name);
    const asked = this.#byCalls();
    return (
      blocked ??
      obstacle ??
      asked ??
      (heldBackBy === null ? null : holdBySignal(heldBackBy, false, this.#name))
    );
  }

  #byCalls(): Hold | null {
    const { pause, failure } = this.#calls;
    if (pause !== null) return holdByCalls(pause, this.#name);
    return failure === null ? null : holdByFailingCalls(failure, this.#name);
  }

  stop(): void {
    this.#blockers.calm();
  }

  #goesOn(): void {
    this.#blockers.calm();
    const isShort = this.#obstacle?.reason === "resources";
    if (!isShort || performance.now() - (this.#obstacle?.at ?? 0) > shortageMs) this.#obstacle = null;
  }
}
