import type { Failure } from "../postgres/failure/failure.ts";
import type { Queryable } from "../postgres/transaction/database.ts";

/** Every signal that can hold a run or slow it down; code, metrics and docs/signals.md share this list. */
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

/** Up to this utilization a run keeps its full pace. */
export const easyUtilization = 0.5;

/** What one signal says now. */
export interface Reading {
  readonly signal: SignalName;
  /**
   * 0 is idle; from 1, the limit, the run is held; in between it slows down gradually. A signal that must
   * never stop a run stays below 1.
   */
  readonly utilization: number;
  /** The measure, its limit (as `against` writes them) and the thing: `replication lag 7.2 s > 5 s on b`. */
  readonly reason: string;
  /** set when the signal could not be read because the server is unreachable or accepts no connection */
  readonly failure?: Pick<Failure, "reason" | "sqlstate">;
  /** True where longer rests help, and shorter batches do not: those cost more waits for the disk. */
  readonly onlyRestsHelp?: true;
  /** True where a process works with one worker, and in short batches, however low the utilization is. */
  readonly oneWorker?: true;
}

/** Looks at one thing outside the run. May remember earlier looks, and must answer within a second or two. */
export interface Signal {
  readonly name: SignalName;
  /** how often to look */
  readonly everyMs: number;
  /** when a look fails: `hold` the run (fail closed), or `ignore` it and go on as before */
  readonly onError: "hold" | "ignore";
  /** The strongest reading; null without anything to look at. @throws SignalBlindError, PostgreSQL's error */
  read(db: Queryable): Promise<Reading | null>;
}

/** A signal that remembers nothing between two looks. A failed look is ignored when `onError` is absent. */
export interface SignalDefinition extends Pick<Signal, "name" | "everyMs"> {
  readonly onError?: Signal["onError"];
  /** the strongest reading; null when there is nothing to look at */
  read(db: Queryable): Promise<Omit<Reading, "signal"> | null>;
}

/** Makes a signal from its definition. */
export function defineSignal({ onError = "ignore", ...definition }: SignalDefinition): Signal {
  const { name, everyMs } = definition;
  const read = async (db: Queryable): Promise<Reading | null> => {
    const seen = await definition.read(db);
    return seen === null ? null : { signal: name, ...seen };
  };
  return { name, everyMs, onError, read };
}

/** A signal cannot see what it should. The message names the missing grant, and is reported once. */
export class SignalBlindError extends Error {
  override readonly name = "SignalBlindError";
}

/** The utilization of a measure against its limit; stays below 1 where `mayStop` is false. */
export function utilizationOf(measure: number, limit: number, mayStop = true): number {
  const utilization = limit <= 0 ? (measure > 0 ? 1 : 0) : measure / limit;
  return mayStop ? utilization : Math.min(0.95, utilization);
}
