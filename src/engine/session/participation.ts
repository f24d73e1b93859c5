import type { EventListener } from "../report/events.ts";
import type { InTest } from "./test-mode.ts";

/** How this process takes part in a run. */
export interface Participation {
  readonly leaseMs: number;
  readonly isResumed: boolean;
  readonly signal: AbortSignal | undefined;
  readonly listeners: readonly EventListener[];
  /** standbys that must keep up, by their `application_name` or their address */
  readonly replicas: readonly string[];
  /** leave instead of waiting where the window is closed */
  readonly exitWhenClosed: boolean;
  /** leave at this moment */
  readonly until: Date | undefined;
  /** null but in a test of a job */
  readonly inTest: InTest | null;
}
