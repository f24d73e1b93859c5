import { defineSqlJob, rowsOf, sql, update } from "tidefill";
import {{tables}} from "./tables.ts";

/** The new values: they reveal nothing about the person, and are the same each time. */
const anonymous = {{anonymous}};

/** {{does}} It keeps no undo log, which would hold old values, but needs a verified backup. Say here why. */
export default defineSqlJob({
  name: "{{job}}",
  source: rowsOf({{table}}, {
    // Write here which rows: as long as it is false, none is changed.
    where: sql`false`,
    pending: sql`{{pending}}`,
  }),
  // Write the new values of these, too, and add them above: {{open}}.
  sink: update({{table}}, anonymous),
  personalData: true,
  undoable: false,
  backup: { maxAge: "24h" },
});
