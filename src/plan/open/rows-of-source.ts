import type { Job } from "../../job/definition/define-job.ts";
import { findRelation } from "../../postgres/catalog/relation.ts";
import type { Database } from "../../postgres/transaction/database.ts";
import { TableRows } from "../../source/table/table-rows.ts";
import { resolveJob } from "./resolve-job.ts";

/**
 * How many rows the table has that a job reads, as PostgreSQL estimates: all that is known of a job whose
 * columns do not exist yet. Null for another source, for a missing table and where there is no estimate.
 */
export async function rowsOfSource(db: Database, job: Job, parameters: object): Promise<number | null> {
  if (job.kind === "steps") return null;
  const { source } = resolveJob(job, job.bind(parameters));
  if (!(source instanceof TableRows)) return null;
  const relation = await db.transaction((tx) => findRelation(tx, source.table));
  return relation?.estimatedRows ?? null;
}
