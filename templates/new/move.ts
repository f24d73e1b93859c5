import { {{imports}} } from "tidefill";
import {{tables}} from "./tables.ts";

/** {{does}} Say here why. */
export default defineJob({
  name: "{{job}}",
  // Not read, since nothing asks for it: {{unread}}.
  // By their names about persons, so the job keeps an encrypted undo log: {{personal}}.
  source: rowsOf({{from}}, { read: {{read}} }),
  // Not filled here, so they take their defaults: {{left}}.
  transform: {{transform}},
  sink: move(
    {{from}},
    insertInto({{into}}, {{columns}}),
  ),
});
