import { defineSqlJob, deleteFrom, rowsOf, sql } from "tidefill";
import { accounts } from "./tables.ts";

/**
 * Deletes the accounts that were closed before a given day; the students, whom essays reference, stay. The
 * undo log is encrypted, and can restore an account that was closed by mistake until the log is purged.
 */
export default defineSqlJob({
  name: "erase-closed-accounts",
  parameters: { closedBefore: "date" },
  source: ({ parameters }) => rowsOf(accounts, { where: sql`closed_at < ${parameters.closedBefore}` }),
  sink: deleteFrom(accounts),
  personalData: true,
});
