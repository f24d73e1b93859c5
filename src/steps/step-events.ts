import type { BlockingSession } from "../postgres/transaction/blocking-sessions.ts";
import type { StepPhase } from "../store/runs/steps.ts";

/** Events while the steps of a job are done or undone. */
export type StepEvent = { readonly job: string; readonly phase: StepPhase; readonly step: string } & (
  | { readonly type: "step begun"; readonly statement: string }
  /** it may not begin now; it begins when it may */
  | { readonly type: "step held"; readonly signal: string; readonly reason: string; readonly isBack: boolean }
  /** other sessions hold the lock; the step retries after `forMs`, or (null) waits without blocking any */
  | {
      readonly type: "step waits";
      readonly forMs: number | null;
      readonly inTheWay: readonly BlockingSession[];
    }
  /** `wasThere`: the catalogue already had it */
  | { readonly type: "step done"; readonly wasThere: boolean; readonly seconds: number }
  /** `wasThere`: it existed before the job, and stays */
  | { readonly type: "step undone"; readonly wasThere: boolean; readonly seconds: number }
);

export type StepListener = (event: StepEvent) => void;
