import { defineSqlJob, deleteFrom, rowsOf, sql } from "tidefill";
import {{tables}} from "./tables.ts";

/** {{does}} Say here why. */
export default defineSqlJob({
  name: "{{job}}",
  // Say here which rows go: as long as it is false, none does.
  source: rowsOf({{table}}, { where: sql`false` }),
  sink: deleteFrom({{table}}),
});
