import { setTimeout as delay } from "node:timers/promises";
import type { Job } from "../job/define-job.ts";
import { Windows } from "../job/window.ts";
import type { Database } from "../postgres/database.ts";
import { serverTime } from "../postgres/server-clock.ts";
import { StepRunner } from "../steps/run-steps.ts";
import { StepNotBegunError, type StepPlace, StepStoppedError } from "../steps/step-failure.ts";
import type { StepPhase } from "../store/steps.ts";
import type { Store } from "../store/store.ts";
import { inMinutes } from "../throttle/amount.ts";
import { WindowSignal } from "../throttle/window-signal.ts";
import { patiently } from "./patiently.ts";
import type { WorkOptions } from "./session.ts";
import { stopFilesOf } from "./signals-of.ts";

/** How often a step that is held looks whether it may begin. */
const lookMs = 1_000;

/**
 * The steps of a phase of a job. Each begins when rows might be worked on, too: inside of the window, while there is no stop file,
 * and before `until`. One that has begun is ended, since what it did would be lost.
 */
export function stepsOf(
  db: Database,
  store: Store,
  job: Job,
  phase: StepPhase,
  options: WorkOptions,
): StepRunner {
  const { onStep, signal, inTest } = options;
  const mayBegin =
    inTest === undefined ? (place: StepPlace) => awaitTurnOf(db, job, place, options) : undefined;
  return new StepRunner(db, store, { job: job.name, phase, steps: job[phase] }, { onStep, signal, mayBegin });
}

/** @throws StepNotBegunError where it is not waited for, StepStoppedError where somebody stops the waiting */
async function awaitTurnOf(
  db: Database,
  job: Job,
  place: StepPlace,
  { window, exitWhenClosed, until, signal, onStep }: WorkOptions,
): Promise<void> {
  const hours = window === undefined ? null : Windows.parse(window);
  const signals = [new WindowSignal(() => hours), ...stopFilesOf(job.throttles)];
  for (let told: string | null = null; ; ) {
    if (signal?.aborted === true) throw new StepStoppedError(place, signal.reason);
    if (until !== undefined && (await patiently(() => serverTime(db))) >= until)
      throw new StepNotBegunError(place, `its time was over at ${inMinutes(until)}`);
    const readings = await patiently(() => Promise.all(signals.map((each) => each.read(db))));
    const held = readings.find((reading) => reading !== null);
    if (held === undefined || held === null) return;
    if (held.signal === "window" && exitWhenClosed === true) throw new StepNotBegunError(place, held.reason);
    if (told !== held.signal) {
      const { phase, name: step } = place;
      onStep?.({ type: "step held", job: job.name, phase, step, reason: held.reason });
    }
    told = held.signal;
    // What ends the wait is seen by the next look.
    await delay(lookMs, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  }
}
