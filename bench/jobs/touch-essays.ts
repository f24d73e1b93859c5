import { defineSqlJob, rowsOf, sql, update } from "tidefill";
import { essays } from "./tables.ts";

/** Changes every row in every run: for runs that go on as long as something is measured beside them. */
export default defineSqlJob({
  name: "touch-essays",
  source: rowsOf(essays),
  undoable: false,
  backup: { check: () => true },
  sink: update(essays, { computed_word_count: sql`coalesce(computed_word_count, 0) + 1` }),
});
