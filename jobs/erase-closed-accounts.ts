import { defineSqlJob, deleteFrom, rowsOf, sql } from "tidefill";
import { accounts } from "./tables.ts";

/**
 * Deletes the accounts that were closed before a day; the students, to whom essays refer, stay. The undo log is encrypted, so
 * an account that was closed by mistake can come back until the log is purged.
 */
export default defineSqlJob({
  name: "erase-closed-accounts",
  parameters: { closedBefore: "date" },
  source: ({ parameters }) => rowsOf(accounts, { where: sql`closed_at < ${parameters.closedBefore}` }),
  sink: deleteFrom(accounts),
  personalData: true,
});
