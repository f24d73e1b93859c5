/** A signal from outside that holds a run back. */
export interface Throttle {
  /** Milliseconds to wait before the next batch; 0 means go on. Looked at between batches, so it must not do I/O itself. */
  holdBackMs(): number;
  /** Why the run is held back, in the form `replication lag 7.2 s > 5 s on replica-b`; null when it is not. */
  readonly reason: string | null;
}

/** Never holds back. */
export const noThrottle: Throttle = { holdBackMs: () => 0, reason: null };
