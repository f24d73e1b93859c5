import { defineSqlJob, rowsOf, sql, update } from "tidefill";
import {{tables}} from "./tables.ts";

/** What stands there afterwards: nothing of the person, and the same each time. */
const anonymous = {{anonymous}};

/** {{does}} It keeps no undo log: old values that could be put back would not be gone. So a verified backup must be there. Say here why. */
export default defineSqlJob({
  name: "{{job}}",
  source: rowsOf({{table}}, {
    // Say here whose: as long as it is false, nobody's.
    where: sql`false`,
    pending: sql`{{pending}}`,
  }),
  // Say what stands there afterwards, and add it above: {{open}}.
  sink: update({{table}}, anonymous),
  personalData: true,
  undoable: false,
  backup: { maxAge: "24h" },
});
