import type { CallCost } from "../../job/definition/calls.ts";
import type { FailureAction, FailureReason } from "../../postgres/failure/failure.ts";
import type { ReplicaLag, ServerActivity } from "../../postgres/server/server-activity.ts";
import type { Hold } from "../../remedies/hold.ts";
import type { Progress } from "../../store/runs/progress.ts";
import type { BatchCounts } from "../../store/runs/row-counts.ts";
import type { RunKind } from "../../store/runs/run.ts";
import type { RunStatus, StopReason } from "../../store/runs/run-status.ts";
import type { Reading, SignalName } from "../../throttle/signal.ts";

export { signalNames } from "../../throttle/signal.ts";

/** Seconds that a batch spent in each of its phases. */
export interface PhaseSeconds {
  readonly read: number;
  readonly transform: number;
  readonly write: number;
  readonly commit: number;
}

/** Everything that the engine reports. Each event is about one run of `job`. */
export type EngineEvent = { readonly job: string; readonly run: bigint } & (
  | {
      readonly type: "run started";
      readonly kind: RunKind;
      readonly isResumed: boolean;
      readonly workers: number;
      readonly estimatedRows: number;
      readonly estimatedWalk: number;
    }
  /** a range now exists and waits for a worker */
  | { readonly type: "range planned"; readonly range: bigint }
  | { readonly type: "range leased"; readonly range: bigint; readonly worker: number }
  | { readonly type: "range released"; readonly range: bigint; readonly worker: number }
  /** the range's last batch is committed */
  | { readonly type: "range done"; readonly range: bigint; readonly worker: number }
  /** rows, rejects and checkpoint are committed */
  | {
      readonly type: "batch committed";
      readonly range: bigint;
      readonly counts: BatchCounts;
      readonly seconds: PhaseSeconds;
    }
  /** another system is asked; `call ended` tells how that ended */
  | { readonly type: "call began" }
  | {
      readonly type: "call ended";
      readonly outcome: "answered" | "failed" | "timed out" | "told to wait";
      readonly seconds: number;
      /** why it failed, without a person's values; null where it did not */
      readonly reason: string | null;
      /** what it costs, where the job says it; null for a call that was refused */
      readonly cost: CallCost | null;
    }
  /** a batch was rolled back; `action` is what the engine does about it */
  | {
      readonly type: "batch failed";
      readonly range: bigint;
      readonly reason: FailureReason | "size";
      readonly action: FailureAction;
      readonly sqlstate: string | null;
      readonly rows: number | null;
      /** the sessions that hold the lock that the batch waited for, where the engine looked for them */
      readonly blockers: readonly string[];
    }
  /** no range could be leased or planned; the worker tries again after a pause */
  | {
      readonly type: "worker failed";
      readonly worker: number;
      readonly reason: FailureReason;
      readonly sqlstate: string | null;
    }
  /** COMMIT got no answer, and the store has shown how it ended */
  | {
      readonly type: "commit resolved";
      readonly range: bigint;
      readonly outcome: "committed" | "rolled back";
    }
  /** another worker has the range, so the fence rolled our batch back */
  | { readonly type: "lease lost"; readonly range: bigint; readonly worker: number }
  | {
      readonly type: "row rejected";
      readonly range: bigint;
      readonly sqlstate: string | null;
      readonly reason: string;
    }
  /** what the server shows about the table and the replicas; null or absent where our role may not look */
  | {
      readonly type: "server observed";
      readonly table: string;
      readonly activity: ServerActivity;
      readonly replicas: readonly ReplicaLag[];
      /** null where the server does not count by session */
      readonly ownWalBytesPerSecond: number | null;
      readonly undoLogBytes: number;
      /** answers of other systems that wait for their batch; null where the run keeps none */
      readonly keptAnswers: number | null;
    }
  /** something that an operator should know, and what to do about it; the run goes on */
  | {
      readonly type: "warned";
      readonly check: string;
      readonly message: string;
      readonly remedy: string;
    }
  /** another signal holds the run back, or none does any longer */
  | { readonly type: "pace changed"; readonly heldBack: Reading | null; readonly isHeld: boolean }
  /** a signal cannot see what it should */
  | { readonly type: "signal blind"; readonly signal: SignalName; readonly message: string }
  /** a stage of a rollout is done and will be judged; the message says when */
  | { readonly type: "stage done"; readonly stage: number; readonly message: string }
  /** the run goes over the key space again to find rows that came late */
  | { readonly type: "sweep started"; readonly sweep: number }
  /** no range is free: other workers have the last ones, or a vanished worker's lease must run out */
  | { readonly type: "worker waiting"; readonly worker: number; readonly forMs: number }
  /** the state of the run, every second or two */
  | {
      readonly type: "progress";
      readonly progress: Progress;
      readonly status: RunStatus;
      /** 0 to 1 */
      readonly ratio: number;
      readonly rowsRemaining: number;
      /** seconds */
      readonly etaInterval: readonly [number, number] | null;
      /** workers of this process */
      readonly workers: number;
      readonly busyWorkers: number;
      readonly batchRows: number;
      /** 1 is full pace, 0 is held */
      readonly level: number;
      /** what holds the run back, or slows it down */
      readonly heldBack: Reading | null;
      /** why the run waits or is slow, and what to type: a signal, or the failure of its batches */
      readonly hold: Hold | null;
    }
  | {
      readonly type: "run stopped";
      readonly status: RunStatus;
      readonly stopReason: StopReason | null;
      readonly message: string | null;
      readonly progress: Progress;
    }
);

export type EventListener = (event: EngineEvent) => void;

type WithoutRun<Event> = Event extends unknown ? Omit<Event, "job" | "run"> : never;

/** Hands the events of one run to its listeners. A listener that throws cannot harm the run. */
export class Events {
  readonly #job: string;
  readonly #run: bigint;
  readonly #listeners: readonly EventListener[];

  constructor(job: string, run: bigint, listeners: readonly EventListener[]) {
    this.#job = job;
    this.#run = run;
    this.#listeners = listeners;
  }

  emit(event: WithoutRun<EngineEvent>): void {
    const whole = { ...event, job: this.#job, run: this.#run } as EngineEvent;
    for (const listener of this.#listeners) {
      try {
        listener(whole);
      } catch (error) {
        process.emitWarning(`A listener of tidefill's events failed: ${String(error)}`);
      }
    }
  }
}

export type { StepEvent } from "../../steps/step-events.ts";
