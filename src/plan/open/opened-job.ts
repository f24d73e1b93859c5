import type { Job, Transform } from "../../job/definition/define-job.ts";
import type { Relation } from "../../postgres/catalog/relation.ts";
import type { RowSink, SqlSink } from "../../sink/write/sink.ts";
import type { ReadableSource } from "../../source/readable-source.ts";
import type { OpenedTable } from "../../source/table/opened-table.ts";
import type { Estimate } from "./estimate.ts";

/** How the rows of a batch come to be written. */
export type OpenedWrite =
  | { readonly kind: "rows"; readonly sink: RowSink; readonly transform: Transform }
  | { readonly kind: "sql"; readonly sink: SqlSink };

/** What a job does to a table. */
export type WriteVerb = "update" | "insert" | "delete";

/** A table that a job writes. */
export interface WrittenTable {
  readonly relation: Relation;
  readonly verb: WriteVerb;
  /** by name; none where whole rows go */
  readonly columns: readonly string[];
  /** whether rows that are there may lose what they hold */
  readonly overwrites: boolean;
  /** whether a row that is there before an insert stays as it is */
  readonly leavesOthers?: boolean;
}

/** What a job does to rows as a whole. */
export function writesOf({ writes }: Pick<OpenedJob, "writes">): WriteVerb | "upsert" | "move" {
  const insert = writes.find(({ verb }) => verb === "insert");
  if (insert === undefined) return writes[0]?.verb ?? "update";
  if (writes.some(({ verb }) => verb === "delete")) return "move";
  return insert.overwrites ? "upsert" : "insert";
}

/** A job after every check has passed: its statements, and what it is about to touch. */
export interface OpenedJob {
  readonly job: Job;
  readonly parameters: object;
  readonly source: ReadableSource;
  /** the source where that is a table */
  readonly table: OpenedTable | null;
  readonly write: OpenedWrite;
  readonly writes: readonly WrittenTable[];
  readonly estimate: Estimate;
  readonly hasPending: boolean;
  /** the job, or a column that it reads or writes, is about persons */
  readonly isPersonal: boolean;
  /** hash of what orders the rows: with another order the bounds of ranges would mean something else */
  readonly keyFingerprint: string;
  /** hash of what the job relies on in the catalogue */
  readonly tableFingerprint: string;
  readonly definitionFingerprint: string;
  /** hash of the rows and columns that the job is about: what a backup has to hold */
  readonly scopeFingerprint: string;
}

/** The table that stands for the job: the one that it writes first. */
export function mainTable(opened: OpenedJob): Relation {
  const [first] = opened.writes;
  if (first === undefined) throw new Error(`The job ${opened.job.name} writes no table.`);
  return first.relation;
}
