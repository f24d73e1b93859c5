import { defineSqlJob, rowsOf, sql, update } from "tidefill";
import { students } from "./tables.ts";

const email = sql`'student-' || id || '@anonymised.invalid'`;

/**
 * Overwrites name and e-mail of students who have not been seen since a given day; their essays and marks
 * keep the student's id. It keeps no undo log, which would hold the old values. So it needs a verified
 * backup, which you keep as long as your rules say.
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
