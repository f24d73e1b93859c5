import type { Job, Transform } from "../../job/definition/define-job.ts";
import type { Relation } from "../../postgres/catalog/relation.ts";
import type { RowSink, SqlSink } from "../../sink/write/sink.ts";
import type { ReadableSource } from "../../source/readable-source.ts";
import type { OpenedTable } from "../../source/table/opened-table.ts";
import type { Estimate } from "./estimate.ts";

/** How the rows of a batch are written. */
export type OpenedWrite =
  | { readonly kind: "rows"; readonly sink: RowSink; readonly transform: Transform }
  | { readonly kind: "sql"; readonly sink: SqlSink };

/** What a job does to a table. */
export type WriteVerb = "update" | "insert" | "delete";

/** A table that a job writes. */
export interface WrittenTable {
  readonly relation: Relation;
  readonly verb: WriteVerb;
  /** the columns' names; empty where whole rows are deleted */
  readonly columns: readonly string[];
  /** whether existing rows may lose values */
  readonly overwrites: boolean;
  /** whether an insert leaves existing rows as they are */
  readonly leavesOthers?: boolean;
}

/** What a job as a whole does to rows. */
export function writesOf({ writes }: Pick<OpenedJob, "writes">): WriteVerb | "upsert" | "move" {
  const insert = writes.find(({ verb }) => verb === "insert");
  if (insert === undefined) return writes[0]?.verb ?? "update";
  if (writes.some(({ verb }) => verb === "delete")) return "move";
  return insert.overwrites ? "upsert" : "insert";
}

/** A job after every check has passed: its statements, and what it will touch. */
export interface OpenedJob {
  readonly job: Job;
  readonly parameters: object;
  readonly source: ReadableSource;
  /** the source where it is a table */
  readonly table: OpenedTable | null;
  readonly write: OpenedWrite;
  readonly writes: readonly WrittenTable[];
  readonly estimate: Estimate;
  readonly hasPending: boolean;
  /** the job, or a column that it reads or writes, is about persons */
  readonly isPersonal: boolean;
  /** hash of what orders the rows: in another order the bounds of ranges would have another meaning */
  readonly keyFingerprint: string;
  /** hash of what the job relies on in the catalogue */
  readonly tableFingerprint: string;
  readonly definitionFingerprint: string;
  /** hash of the rows and columns that the job is about: what a backup must contain */
  readonly scopeFingerprint: string;
}

/** The main table of the job: the first one that it writes. */
export function mainTable(opened: OpenedJob): Relation {
  const [first] = opened.writes;
  if (first === undefined) throw new Error(`The job ${opened.job.name} writes no table.`);
  return first.relation;
}
