import { defineSqlJob, rowsOf, sql, update } from "tidefill";
import { essays } from "./tables.ts";

// The expression of ../word-count.ts, written out as a user would.
export default defineSqlJob({
  name: "essay-word-count-sql-by-regexp",
  source: rowsOf(essays, { pending: sql`computed_word_count is null` }),
  sink: update(essays, {
    computed_word_count: sql`coalesce(cardinality(regexp_split_to_array(nullif(btrim(content, e' \t\r\n'), ''), '\s+')), 0)`,
  }),
});
