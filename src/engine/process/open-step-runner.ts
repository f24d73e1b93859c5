import { setTimeout as delay } from "node:timers/promises";
import type { Job } from "../../job/definition/define-job.ts";
import { Windows } from "../../job/pace/windows.ts";
import { classifyFailure } from "../../postgres/failure/failure.ts";
import { serverTime } from "../../postgres/server/server-time.ts";
import type { Database } from "../../postgres/transaction/database.ts";
import { unreachable } from "../../remedies/obstacles.ts";
import { StepNotBegunError, type StepPlace, StepStoppedError } from "../../steps/statements/step-failure.ts";
import { StepRunner } from "../../steps/step-runner.ts";
import type { StepPhase } from "../../store/runs/steps.ts";
import type { Session } from "../../store/session.ts";
import { inMinutes } from "../../throttle/amount.ts";
import { WindowSignal } from "../../throttle/signals/window-signal.ts";
import type { StepWorkOptions } from "../options/work-options.ts";
import { stopFilesOf } from "../pacing/signals-of.ts";

/** How often a held step checks whether it may begin. */
const lookMs = 1_000;

/** What holds a step: a signal, or the connection. */
interface Holding {
  readonly signal: string;
  readonly reason: string;
}

/** What holds a step now; null when it may begin. */
type Look = (place: StepPlace) => Promise<Holding | null>;

/**
 * The steps of a phase of a job. A step begins only when rows could be worked on too: inside the window,
 * without a stop file, and before `until`. A step that has begun is completed, since its work would be lost.
 * The window of a given run counts, because an operator may change it.
 */
export function openStepRunner(
  session: Session,
  { job, phase, run = null }: { readonly job: Job; readonly phase: StepPhase; readonly run?: bigint | null },
  options: StepWorkOptions,
): StepRunner {
  const { db, store } = session;
  const { onStep, signal, inTest } = options;
  const windowNow = async (): Promise<string | undefined> => {
    if (run === null) return options.window;
    const { pace } = await store.runs.get(db, run);
    return pace.window ?? job.pace.window;
  };
  const look: Look = async (place) => lookFor(db, job, place, { ...options, window: await windowNow() });
  const mayBegin = inTest === undefined ? (place: StepPlace) => awaitTurn(place, look, options) : undefined;
  return new StepRunner(session, { job: job.name, phase, steps: job[phase] }, { onStep, signal, mayBegin });
}

/** @throws StepNotBegunError when the process is not to wait; StepStoppedError when the wait is stopped */
async function awaitTurn(place: StepPlace, look: Look, { signal, onStep }: StepWorkOptions): Promise<void> {
  for (let told: string | null = null; ; ) {
    if (signal?.aborted === true) throw new StepStoppedError(place, signal.reason);
    const held = await look(place).catch((error: unknown) => {
      // The step has not begun, so an outage harms nothing: wait for its end.
      if (classifyFailure(error).action !== "retry") throw error;
      return { signal: "connection", reason: unreachable };
    });
    if (held === null) return;
    const { job, phase, name: step, isBack = false } = place;
    if (told !== held.signal) onStep?.({ type: "step held", job, phase, step, ...held, isBack });
    told = held.signal;
    // An abort ends the delay, and the next look sees it.
    await delay(lookMs, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  }
}

/** @throws StepNotBegunError when the step is held and the process is not to wait */
async function lookFor(
  db: Database,
  job: Job,
  place: StepPlace,
  { exitWhenClosed, until, window }: StepWorkOptions,
): Promise<Holding | null> {
  if (until !== undefined && (await serverTime(db)) >= until)
    throw new StepNotBegunError(place, `its time was over at ${inMinutes(until)}`);
  const hours = window === undefined ? null : Windows.parse(window);
  const closed = await new WindowSignal(() => hours).read(db);
  if (closed !== null && exitWhenClosed === true) throw new StepNotBegunError(place, closed.reason);
  const stopped = await Promise.all(stopFilesOf(job.throttles).map((file) => file.read(db)));
  const held = closed ?? stopped.find((reading) => reading !== null) ?? null;
  return held === null ? null : { signal: held.signal, reason: held.reason };
}
