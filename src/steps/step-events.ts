import type { BlockingSession } from "../postgres/transaction/blocking-sessions.ts";
import type { StepPhase } from "../store/runs/steps.ts";

/** What is told of the steps of a job while they are done or undone. */
export type StepEvent = { readonly job: string; readonly phase: StepPhase; readonly step: string } & (
  | { readonly type: "step begun"; readonly statement: string }
  /** it is not the time for it; the step begins when it is */
  | { readonly type: "step held"; readonly signal: string; readonly reason: string; readonly isBack: boolean }
  /** others hold the lock; the step tries again after `forMs`, or (null) waits and hinders nobody */
  | {
      readonly type: "step waits";
      readonly forMs: number | null;
      readonly inTheWay: readonly BlockingSession[];
    }
  /** `wasThere`: the catalogue had it already */
  | { readonly type: "step done"; readonly wasThere: boolean; readonly seconds: number }
  /** `wasThere`: it was there before the job came, and stays */
  | { readonly type: "step undone"; readonly wasThere: boolean; readonly seconds: number }
);

export type StepListener = (event: StepEvent) => void;
