import type { Failure } from "../postgres/failure/failure.ts";
import type { Queryable } from "../postgres/transaction/database.ts";

/** Everything that can hold a run back; a fixed list that code, metrics and docs/signals.md share. */
export const signalNames = [
  "replication lag",
  "replication slots",
  "synchronous standby",
  "archiver",
  "wal",
  "disk space",
  "commit latency",
  "lock waits",
  "lock table",
  "active sessions",
  "processor",
  "autovacuum",
  "dead tuples",
  "own snapshots",
  "query",
  "function",
  "prometheus",
  "stop file",
  "window",
] as const;

export type SignalName = (typeof signalNames)[number];

/** What one signal says just now. */
export interface Reading {
  readonly signal: SignalName;
  /**
   * 0 is idle, 1 the limit: from there on the run waits. In between it gives way little by little. A signal that must
   * never stop a run by itself stays below 1.
   */
  readonly utilization: number;
  /** In one form, with the measure, its limit and the thing: `replication lag 7.2 s > 5 s on replica-b`; below the limit `3 s of at most 5 s`. */
  readonly reason: string;
  /** what it could not be asked by, where that is no matter of the signal: the server is away, or lets nobody in */
  readonly failure?: Pick<Failure, "reason" | "sqlstate">;
  /**
   * True where shorter batches do not help, and longer rests between long ones do. Many short batches cost more waits for the disk
   * and more wake-ups, and schedulers favour a process that has just woken: few long batches delay the application least.
   */
  readonly onlyRestsHelp?: true;
}

/** Looks at one thing from outside. It may keep what it saw before, and must answer within a second or two. */
export interface Signal {
  readonly name: SignalName;
  /** how often it is worth looking */
  readonly everyMs: number;
  /** what a look that fails means: `hold` the run (fail closed), or `ignore`: go on as before */
  readonly onError: "hold" | "ignore";
  /** The strongest of what it sees; null when there is nothing to look at here. @throws SignalBlindError, or PostgreSQL's error */
  read(db: Queryable): Promise<Reading | null>;
}

/** What a signal is that keeps nothing between two looks; a look that fails means nothing when `onError` is absent. */
export interface SignalDefinition extends Pick<Signal, "name" | "everyMs"> {
  readonly onError?: Signal["onError"];
  /** the strongest of what it sees, null when there is nothing to look at here */
  read(db: Queryable): Promise<Omit<Reading, "signal"> | null>;
}

/** Makes a signal out of a look. */
export function defineSignal({ onError = "ignore", ...definition }: SignalDefinition): Signal {
  const { name, everyMs } = definition;
  const read = async (db: Queryable): Promise<Reading | null> => {
    const seen = await definition.read(db);
    return seen === null ? null : { signal: name, ...seen };
  };
  return { name, everyMs, onError, read };
}

/** The signal cannot see what it should; the message says what is missing and how to grant it, and is told once. */
export class SignalBlindError extends Error {
  override readonly name = "SignalBlindError";
}

/** The utilization of a measure against its limit; never 1 where `mayStop` is false. */
export function utilizationOf(measure: number, limit: number, mayStop = true): number {
  const utilization = limit <= 0 ? (measure > 0 ? 1 : 0) : measure / limit;
  return mayStop ? utilization : Math.min(0.95, utilization);
}
