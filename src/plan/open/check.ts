import type { Table } from "../../job/columns/table.ts";
import type { Job } from "../../job/definition/define-job.ts";
import type { Relation } from "../../postgres/catalog/relation.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { OnConflict } from "../../sink/definitions/on-conflict.ts";

/** What a check gets to look at. */
export interface CheckSubject {
  readonly tx: Transaction;
  readonly job: Job;
  readonly table: Table;
  readonly relation: Relation;
  /** columns that the job reads, including its key */
  readonly read: readonly string[];
  /** columns that the job writes */
  readonly written: readonly string[];
  /** what the job does to the table; null when it only reads it */
  readonly verb: "update" | "insert" | "delete" | null;
  /** whether an insert overwrites existing rows */
  readonly overwrites: boolean;
  /** what an insert does with rows that meet existing ones */
  readonly conflict?: OnConflict | null;
  /** whether an insert sets columns that are `generated always as identity` */
  readonly overridesIdentity?: boolean;
}

/** A reason not to start, and what to do about it. */
export interface Refusal {
  readonly check: string;
  readonly message: string;
  readonly remedy: string;
}

/** Checks one thing before a run may start; returns every reason it finds to refuse. */
export type Check = (subject: CheckSubject) => Refusal[] | Promise<Refusal[]>;
