import { defineJob, insertInto, rows } from "tidefill";
import {{tables}} from "./tables.ts";

/** {{does}} Say here why. */
export default defineJob({
  name: "{{job}}",
  source: rows(
    [
      // One object a row, such as:
      // {{example}}
    ],
    { columns: {{types}} },
  ),
  transform: (row) => row,
  {{if isDoubled}}// No unique constraint finds an existing row: seeded again, the rows are there twice.
  sink: insertInto({{into}}, {{columns}}{{onConflict}}),
});
