import { {{imports}} } from "tidefill";
import {{tables}} from "./tables.ts";

/** {{does}} Say here why. */
export default defineJob({
  name: "{{job}}",
  // Not read, since no column needs it: {{unread}}.
  // Personal data by their names, so the job keeps an encrypted undo log: {{personal}}.
  source: rowsOf({{from}}, { read: {{read}} }),
  // Not filled here, so they take their defaults: {{left}}.
  {{if isAllKept}}// All columns are kept: their values never leave the database. To change one, return it here.
  transform: {{transform}},
  sink: move(
    {{from}},
    insertInto({{into}}, {{columns}}{{options}}),
  ),
});
