import { UsageError } from "../../errors.ts";
import { howToBuild, type SqlLike, sqlWithin } from "../../postgres/sql/built-query.ts";
import type { Sql } from "../../postgres/sql/sql.ts";
import { type Bytes, parseBytes } from "./bytes.ts";
import { type Duration, parseDuration } from "./duration.ts";

/** A signal that holds a job's runs back, besides those always looked at; made by the functions below. */
export type ThrottleDefinition =
  | {
      readonly kind: "replica lag";
      readonly replicas: readonly string[];
      readonly maxSeconds: number | null;
      readonly maxBytes: number | null;
    }
  | { readonly kind: "wal rate"; readonly maxBytesPerSecond: number }
  | { readonly kind: "query"; readonly name: string; readonly query: Sql; readonly max: number }
  | {
      readonly kind: "function";
      readonly name: string;
      readonly max: number;
      readonly read: () => number | Promise<number>;
    }
  | {
      readonly kind: "prometheus";
      readonly name: string;
      readonly url: string;
      readonly query: string;
      readonly max: number;
    }
  | { readonly kind: "stop file"; readonly path: string };

/** Standbys must keep up: those named by `application_name` or `postgres://…`, otherwise all that stream. */
export function replicaLag(limits: {
  readonly replicas?: readonly string[];
  /** 5 seconds when absent */
  readonly max?: Duration;
  /** 512 MB when absent */
  readonly maxBytes?: Bytes;
}): ThrottleDefinition {
  const { replicas = [], max, maxBytes } = limits;
  return Object.freeze({
    kind: "replica lag",
    replicas: [...replicas],
    maxSeconds: max === undefined ? null : aboveZero(parseDuration(max), max) / 1_000,
    maxBytes: maxBytes === undefined ? null : aboveZero(parseBytes(maxBytes), maxBytes),
  });
}

/** The WAL rate of the whole server must stay below `max` a second: `"20MB"`. */
export function walRate({ max }: { readonly max: Bytes }): ThrottleDefinition {
  return Object.freeze({ kind: "wal rate", maxBytesPerSecond: aboveZero(parseBytes(max), max) });
}

/** A query that returns one number, which must stay below `max`. */
export function sqlThrottle(given: {
  readonly name: string;
  readonly query: SqlLike;
  readonly max: number;
}): ThrottleDefinition {
  requireNumber(given);
  const query = sqlWithin(given.query);
  if (query === null)
    throw new UsageError(`The throttle "${given.name}" has no query.`, { remedy: howToBuild });
  return Object.freeze({ kind: "query", ...given, query });
}

/** A function that returns a number, which must stay below `max`. */
export function functionThrottle(given: {
  readonly name: string;
  readonly max: number;
  readonly read: () => number | Promise<number>;
}): ThrottleDefinition {
  requireNumber(given);
  return Object.freeze({ kind: "function", ...given });
}

/** A Prometheus query whose largest sample must stay below `max`. */
export function prometheusThrottle(given: {
  readonly name: string;
  /** Prometheus' address: `http://prometheus:9090` */
  readonly url: string;
  readonly query: string;
  readonly max: number;
}): ThrottleDefinition {
  requireNumber(given);
  if (!/^https?:\/\/./.test(given.url))
    throw new UsageError(`The throttle "${given.name}" has no address of a Prometheus server.`, {
      remedy: 'Write url: "http://prometheus:9090".',
    });
  return Object.freeze({ kind: "prometheus", ...given });
}

/** Holds the run while this file exists; a file `stop-backfills` in the working directory always does. */
export function stopFile(path: string): ThrottleDefinition {
  return Object.freeze({ kind: "stop file", path });
}

/** A limit of zero would hold every run for ever. */
function aboveZero(limit: number, text: string): number {
  if (limit > 0) return limit;
  throw new UsageError(`A throttle's limit must be above 0, got ${text}.`, {
    remedy: "To stop for a while, pause the run.",
  });
}

function requireNumber({ name, max }: { readonly name: string; readonly max: number }): void {
  if (name === "")
    throw new UsageError("A throttle has no name.", {
      remedy: "Name it: the reason for a hold begins with the name.",
    });
  if (!(Number.isFinite(max) && max > 0))
    throw new UsageError(`The throttle "${name}" has no limit above 0.`, { remedy: "Write max: 10." });
}
