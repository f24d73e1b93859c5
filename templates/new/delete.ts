import { defineSqlJob, deleteFrom, rowsOf, sql } from "tidefill";
import {{tables}} from "./tables.ts";

/** {{does}} Say here why. */
export default defineSqlJob({
  name: "{{job}}",
  // Write here which rows to delete: as long as it is false, none is deleted.
  source: rowsOf({{table}}, { where: sql`false` }),
  sink: deleteFrom({{table}}),
});
