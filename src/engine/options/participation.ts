import { UsageError } from "../../errors.ts";
import { parseDuration } from "../../job/pace/duration.ts";
import type { EventListener } from "../report/events.ts";
import type { InTest } from "./in-test.ts";
import { paceOf } from "./pace-of.ts";
import type { WorkOptions } from "./work-options.ts";

/** How this process takes part in a run. */
export interface Participation {
  readonly leaseMs: number;
  readonly isResumed: boolean;
  /** work on the run only while another process works on it */
  readonly onlyJoins: boolean;
  /** is awaited before this process leaves an unfinished run */
  readonly beforeLeaving: (() => Promise<void>) | undefined;
  readonly signal: AbortSignal | undefined;
  readonly listeners: readonly EventListener[];
  /** standbys that must keep up, by their `application_name` or their address */
  readonly replicas: readonly string[];
  /** leave instead of waiting while the window is closed */
  readonly exitWhenClosed: boolean;
  /** leave at this moment */
  readonly until: Date | undefined;
  /** null except in a test of a job */
  readonly inTest: InTest | null;
}

const defaultLease = "10s";

/** Reads from the options how this process takes part. @throws UsageError */
export function participation(options: WorkOptions, isResumed: boolean): Participation {
  const { onEvent = [], replicas = [], exitWhenClosed = false, until, inTest = null } = options;
  paceOf(options);
  return {
    leaseMs: leaseOf(options),
    isResumed,
    onlyJoins: false,
    beforeLeaving: options.beforeLeaving,
    signal: options.signal,
    listeners: typeof onEvent === "function" ? [onEvent] : onEvent,
    replicas,
    exitWhenClosed,
    until,
    inTest,
  };
}

function leaseOf({ lease = defaultLease }: WorkOptions): number {
  const milliseconds = parseDuration(lease);
  if (milliseconds >= 500 && milliseconds <= 3_600_000) return milliseconds;
  throw new UsageError(`A lease must last from 500ms to 1h, got ${lease}.`, {
    remedy:
      "A shorter lease lets another worker take over sooner from one that vanished. 10s suits most runs.",
  });
}
