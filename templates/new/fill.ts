import { {{imports}} } from "tidefill";
import {{tables}} from "./tables.ts";

/** {{does}} Say here why. */
export default defineJob({
  name: "{{job}}",
  expand: {{expand}},
  {{if neverPending}}// If a condition tells which rows are still to be done, add it: pending: sql`…`.
  // Name in `read` what the transform needs. There are also: {{unread}}.
  // Personal data by their names, so a job that reads them keeps an encrypted undo log: {{unreadPersonal}}.
  source: rowsOf({{table}}, {{options}}),
  // {{remarks}}
  transform: ({{row}}) => ({{values}}),
  sink: update({{table}}, {{columns}}),
});
