import { defineSqlJob, rowsOf, sql, update } from "tidefill";
import { students } from "./tables.ts";

const email = sql`'student-' || id || '@anonymised.invalid'`;

/**
 * Overwrites name and e-mail of students who have not been seen since a day; their essays and marks stay theirs, by the id.
 * It keeps no undo log: old values that could be put back would not be anonymised. So a verified backup must be there, whose
 * retention is your rule's.
 */
export default defineSqlJob({
  name: "anonymise-inactive-students",
  parameters: { inactiveSince: "date" },
  source: ({ parameters }) =>
    rowsOf(students, {
      where: sql`last_seen_at < ${parameters.inactiveSince}`,
      pending: sql`email <> ${email}`,
    }),
  sink: update(students, { email, full_name: sql`'Student ' || id` }),
  personalData: true,
  undoable: false,
  backup: { maxAge: "24h" },
});
