import type { Job, Transform } from "../job/define-job.ts";
import type { UpdateBySql } from "../sink/update-by-sql.ts";
import type { UpdateRows } from "../sink/update-rows.ts";
import type { OpenedSource } from "../source/opened-source.ts";
import type { Estimate } from "./estimate.ts";

/** How the rows of a batch come to be written. */
export type OpenedWrite =
  | { readonly kind: "rows"; readonly sink: UpdateRows; readonly transform: Transform }
  | { readonly kind: "sql"; readonly sink: UpdateBySql };

/** A job after every check has passed: its statements, and what it is about to touch. */
export interface OpenedJob {
  readonly job: Job;
  readonly parameters: object;
  readonly source: OpenedSource;
  readonly write: OpenedWrite;
  readonly written: readonly string[];
  readonly estimate: Estimate;
  /** hash of what orders the rows: with another order the bounds of ranges would mean something else */
  readonly keyFingerprint: string;
  /** hash of what the job relies on in the catalogue */
  readonly tableFingerprint: string;
  readonly definitionFingerprint: string;
}
