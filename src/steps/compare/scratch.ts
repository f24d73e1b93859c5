import { RefusedError } from "../../errors.ts";
import type { StepTable } from "../../job/steps/steps.ts";
import { sqlstateOf } from "../../postgres/failure/failure.ts";
import { raw, sql } from "../../postgres/sql/sql.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";
import { nameOf } from "../statements/catalogue.ts";

/** The scratch table, in which a step is tried to see what PostgreSQL makes of it. */
export const scratch: StepTable = { schema: "pg_temp", name: "tidefill_wanted" };

/** `insufficient_privilege` */
const forbidden = "42501";

/** Runs `work` within a transaction and rolls it back at once; no session waits long for its locks. */
export async function tried<T>(tx: Queryable, step: string, work: () => Promise<T>): Promise<T> {
  await tx.query(raw("savepoint tidefill_scratch; set local lock_timeout = 100"));
  try {
    return await work();
  } catch (error) {
    if (sqlstateOf(error) !== forbidden) throw error;
    throw new RefusedError(
      "step-finds-its-place",
      `What the step "${step}" makes already exists, and this role may not check whether it is the same.`,
      "Grant it temporary (for tables with foreign keys: create) on the database, or leave the step out.",
    );
  } finally {
    await tx.query(raw("rollback to savepoint tidefill_scratch"));
  }
}

/** Creates the scratch table with the columns of another table. */
export async function copyColumns(tx: Queryable, table: StepTable): Promise<void> {
  await tx.query(sql`create temporary table tidefill_wanted (like ${nameOf(table)})`);
}
