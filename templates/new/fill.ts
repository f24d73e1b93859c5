import { {{imports}} } from "tidefill";
import {{tables}} from "./tables.ts";

/** {{does}} Say here why. */
export default defineJob({
  name: "{{job}}",
  expand: {{expand}},
  {{if neverPending}}// If something in a row tells that it is still to be done, say so: pending: sql`…`.
  // Name in `read` what the transform needs. There are also: {{unread}}.
  // By their names about persons, so a job that reads them keeps an encrypted undo log: {{unreadPersonal}}.
  source: rowsOf({{table}}, {{options}}),
  // {{remarks}}
  transform: ({{row}}) => ({{values}}),
  sink: update({{table}}, {{columns}}),
});
