import type { RunPace } from "../../job/pace/pace.ts";
import type { Rollout } from "../../job/pace/rollout.ts";
import type { KeyText } from "../../postgres/catalog/key.ts";
import type { TableIdentity } from "../../postgres/catalog/table-identity.ts";
import { fromTextArray } from "../../postgres/sql/text-array.ts";
import type { Row } from "../../postgres/transaction/database.ts";
import type { ImagePart } from "../../sink/images/image-part.ts";
import type { RunStatus, StopReason } from "./run-status.ts";

/** What a run was made of: hashes of its definition and of each file by name, and the tables it writes. */
export interface CodeFingerprint {
  readonly definition: string;
  readonly files: Readonly<Record<string, string>>;
  /** as users write them, with their schemas; absent where nothing is written */
  readonly tables?: readonly string[];
}

/** What the batches of a run do: the job's own work, undoing a run, or verifying one. */
export type RunKind = "run" | "undo" | "verify";

/** What a run's batches do to rows; an upsert inserts rows or updates existing ones. */
export type RunWrites = "update" | "insert" | "upsert" | "delete" | "move";

/** How a run keeps what it overwrites. */
export type UndoLogKind = "none" | "plain" | "encrypted" | "purged";

export interface Run {
  readonly id: bigint;
  readonly job: string;
  readonly kind: RunKind;
  /** the run that this one undoes, verifies or retries */
  readonly ofRun: bigint | null;
  /** what it does to rows; for an undo, what the undone run did; null where it writes none */
  readonly writes: RunWrites | null;
  readonly undoLog: UndoLogKind;
  /** how it keeps the answers of other systems */
  readonly answers: UndoLogKind;
  /** for how long they stay after the run; null where each is dropped with its batch */
  readonly answersKeptMs: number | null;
  /** until when no process of the run calls the other system, and why; null where it may */
  readonly callsPause: CallsPause | null;
  /** the calls of other systems that its processes have made; a killed process loses a second of them */
  readonly calls: CallTally;
  /** whose images the undo log holds */
  readonly undoParts: readonly ImagePart[];
  /** the run that undid this one and succeeded */
  readonly undoneBy: bigint | null;
  /** the current status: a run without live processes reads `interrupted`, or what an operator asked for */
  readonly status: RunStatus;
  readonly wanted: "running" | "paused" | "cancelled";
  /** the pace that was set for this run */
  readonly pace: RunPace;
  readonly stopReason: StopReason | null;
  readonly message: string | null;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** custom settings that each of its transactions sets */
  readonly session: Readonly<Record<string, string>>;
  /** a number of rows, or a share of the rows read: `5%` */
  readonly rejectLimit: number | `${number}%`;
  readonly code: CodeFingerprint;
  readonly keyFingerprint: string;
  readonly tableFingerprint: string;
  /** the tables that its checkpoints are about, as they were when it began */
  readonly tables: readonly TableIdentity[];
  readonly estimatedRows: number | null;
  readonly estimatedWalk: number | null;
  /** the stages of a gradual rollout; null where all rows are worked on at once */
  readonly rollout: Rollout | null;
  /** the stage that is worked on, from 0 */
  readonly stage: number;
  /** a verify of what an unfinished run has done so far */
  readonly isPartial: boolean;
  /** false where its job has steps only */
  readonly hasRows: boolean;
  readonly sweep: number;
  /** write-ahead log for each row read, as measured while it ran; null where the server does not tell */
  readonly walBytesPerRow: number | null;
  readonly plannedThrough: KeyText | null;
  readonly isPlanned: boolean;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
}

/** The other system wants no calls for so many milliseconds; `why` completes "the other system …". */
export interface CallsPause {
  readonly ms: number;
  readonly why: string;
}

/** Calls of another system: how many, how many of them failed, and what they cost by currency. */
export interface CallTally {
  readonly made: number;
  readonly failed: number;
  readonly cost: Readonly<Record<string, number>>;
}

export const noCalls: CallTally = { made: 0, failed: 0, cost: {} };

/** The calls of both together. */
export function plusCalls(one: CallTally, other: CallTally): CallTally {
  const cost = { ...one.cost };
  for (const [currency, amount] of Object.entries(other.cost))
    cost[currency] = (cost[currency] ?? 0) + amount;
  return { made: one.made + other.made, failed: one.failed + other.failed, cost };
}

/** A run to be created. By default it writes nothing, keeps no undo log and goes at full pace. */
export interface NewRun
  extends Pick<
      Run,
      "job" | "kind" | "ofRun" | "code" | "rejectLimit" | "keyFingerprint" | "tableFingerprint"
    >,
    Partial<
      Pick<
        Run,
        | "writes"
        | "undoLog"
        | "answers"
        | "answersKeptMs"
        | "undoParts"
        | "parameters"
        | "session"
        | "tables"
        | "estimatedRows"
        | "estimatedWalk"
        | "pace"
        | "rollout"
        | "isPartial"
        | "hasRows"
      >
    > {
  /** what asked for the run, as a UUID: no second run of the job is created for it */
  readonly request?: string | undefined;
}

/** A run from a row of the table `run`, with its current status. */
export function toRun(row: Row): Run {
  return {
    id: BigInt(row.id ?? 0),
    job: row.job ?? "",
    kind: (row.kind ?? "run") as RunKind,
    ofRun: row.of_run == null ? null : BigInt(row.of_run),
    writes: (row.writes ?? null) as RunWrites | null,
    undoLog: (row.undo_log ?? "none") as UndoLogKind,
    answers: (row.answers ?? "none") as UndoLogKind,
    answersKeptMs: row.answers_kept_ms == null ? null : Number(row.answers_kept_ms),
    callsPause: pauseOf(row),
    calls: {
      made: Number(row.calls_made),
      failed: Number(row.calls_failed),
      cost: JSON.parse(row.calls_cost ?? "{}") as CallTally["cost"],
    },
    undoParts: JSON.parse(row.undo_parts ?? "[]") as readonly ImagePart[],
    undoneBy: row.undone_by == null ? null : BigInt(row.undone_by),
    status: (row.status_now ?? "failed") as RunStatus,
    wanted: (row.wanted ?? "running") as Run["wanted"],
    pace: JSON.parse(row.pace ?? "{}") as RunPace,
    stopReason: (row.stop_reason ?? null) as StopReason | null,
    message: row.message ?? null,
    parameters: JSON.parse(row.parameters ?? "{}"),
    session: JSON.parse(row.session ?? "{}"),
    rejectLimit: limitOf(row.reject_limit ?? "0"),
    code: JSON.parse(row.code ?? "{}"),
    keyFingerprint: row.key_fingerprint ?? "",
    tableFingerprint: row.table_fingerprint ?? "",
    tables: JSON.parse(row.tables ?? "[]") as readonly TableIdentity[],
    estimatedRows: row.estimated_rows == null ? null : Number(row.estimated_rows),
    estimatedWalk: row.estimated_walk == null ? null : Number(row.estimated_walk),
    rollout: JSON.parse(row.rollout ?? "null") as Rollout | null,
    stage: Number(row.stage),
    isPartial: row.is_partial === "t",
    hasRows: row.has_rows === "t",
    sweep: Number(row.sweep),
    walBytesPerRow: row.wal_bytes_per_row == null ? null : Number(row.wal_bytes_per_row),
    plannedThrough: fromTextArray(row.planned_through),
    isPlanned: row.is_planned === "t",
    startedAt: row.started ?? null,
    finishedAt: row.finished ?? null,
  };
}

function pauseOf(row: Row): CallsPause | null {
  const ms = Number(row.calls_pause_ms ?? 0);
  return ms > 0 ? { ms, why: row.calls_wait ?? "" } : null;
}

function limitOf(text: string): Run["rejectLimit"] {
  return text.endsWith("%") ? `${Number(text.slice(0, -1))}%` : Number(text);
}
