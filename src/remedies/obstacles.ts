import type { FailureReason } from "../postgres/failure/failure.ts";
import { type BlockingSession, describeBlocker } from "../postgres/transaction/blocking-sessions.ts";
import type { Hold } from "./hold.ts";

/** Why batches fail at the moment. */
export interface Obstacle {
  readonly reason: FailureReason | "size";
  readonly sqlstate: string | null;
  /**
   * the sessions that hold the awaited lock, in words, if they were looked up: `pid 4711 of shop (web), …`
   */
  readonly blockers?: readonly string[];
}

/** A session, or a prepared transaction, that holds a lock which a batch waits for. */
export type Blocker = Omit<BlockingSession, "statement">;

const locks = {
  reason: "other sessions hold locks on the rows or the table",
  remedy: "see which: select pid, usename, state, xact_start from pg_stat_activity order by xact_start",
};

export const unreachable = "the database cannot be reached";

type Words = (run: string) => Pick<Hold, "reason" | "remedy">;

const byReason: Readonly<Partial<Record<Obstacle["reason"], Words>>> = {
  lock: () => locks,
  deadlock: () => locks,
  connection: (run) => ({
    reason: unreachable,
    remedy: `it goes on by itself when the database answers; after five minutes it ends: tidefill resume ${run}`,
  }),
  resources: () => ({
    reason: "the database is short of resources",
    remedy: "the server's log says which",
  }),
  timeout: (run) => ({
    reason: "statements take longer than a batch may",
    remedy: `analyze the table, and look at the query plan: tidefill plan ${run}`,
  }),
};

/** What helps where a disk of the server is full, or nearly. */
export const roomOnDisk =
  "make room on that disk; to drop the undo logs of runs that are no longer to be undone: tidefill purge --undo-logs-only --older-than 1d";

/** By SQLSTATE, which is more exact than the reason. */
const byCode: Readonly<Record<string, Words>> = {
  "53300": (run) => ({
    reason: "the server has no connection free",
    remedy: `end idle sessions, or use fewer workers: tidefill set ${run} workers=1`,
  }),
  "53100": () => ({
    reason: "the server's disk is full",
    remedy: roomOnDisk,
  }),
  "53200": (run) => ({
    reason: "the server is short of memory or of locks (max_locks_per_transaction)",
    remedy: `use less: tidefill set ${run} workers=1 batch-time=50ms; or raise max_locks_per_transaction`,
  }),
};

/** Why a run makes no progress while batches fail; null where the next try will do. */
export function holdByObstacle({ reason, sqlstate, blockers = [] }: Obstacle, run: string): Hold | null {
  const [first] = blockers;
  if (first !== undefined) {
    const pid = /^pid (\d+)/.exec(first)?.[1];
    const remedy = pid === undefined ? locks.remedy : `wait, or end it: select pg_terminate_backend(${pid})`;
    return { kind: "held back", reason: `a row is locked by ${blockers.join(" and ")}`, remedy };
  }
  const words = byCode[sqlstate ?? ""] ?? byReason[reason];
  return words === undefined ? null : { kind: "held back", ...words(run) };
}

/** The same where the sessions that hold the locks are known. */
export function holdByBlockers(blockers: readonly Blocker[]): Hold | null {
  const [first, ...rest] = blockers;
  if (first === undefined) return null;
  const more = rest.length === 0 ? "" : `, and ${rest.length} more`;
  return {
    kind: "held back",
    reason: `${describeBlocker(first)}, holds a lock that a batch needs${more}`,
    remedy: `wait, or end it: ${endingOf(first)}`,
  };
}

function endingOf({ pid, gid }: Blocker): string {
  if (gid === null) return `select pg_terminate_backend(${pid})`;
  const name = `'${gid.replaceAll("'", "''")}'`;
  return `rollback prepared ${name}   or   commit prepared ${name}`;
}
