import { defineSqlJob, rowsOf, sql, update } from "tidefill";
import { essays } from "./tables.ts";

// The same in SQL: no row leaves the database. nullif, since an empty text would split into one empty word.
export default defineSqlJob({
  name: "essay-word-count-sql",
  source: rowsOf(essays, { pending: sql`computed_word_count is null` }),
  sink: update(essays, {
    computed_word_count: sql`coalesce(cardinality(regexp_split_to_array(nullif(btrim(content, e' \t\r\n'), ''), '\s+')), 0)`,
  }),
});
