import { defineSqlJob, rowsOf, sql, update } from "tidefill";
import { essays } from "./tables.ts";

// The expression of ../word-count.ts, written out as a user would.
export default defineSqlJob({
  name: "essay-word-count-sql",
  source: rowsOf(essays, { pending: sql`computed_word_count is null` }),
  sink: update(essays, { computed_word_count: sql`cardinality(string_to_array(content, ' '))` }),
});
