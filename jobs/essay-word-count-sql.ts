import { defineSqlJob, rowsOf, sql, update } from "tidefill";
import { essays } from "./tables.ts";

// The same in SQL: no row leaves the database. An empty text splits into one empty word, so it is counted apart.
export default defineSqlJob({
  name: "essay-word-count-sql",
  source: rowsOf(essays, { pending: sql`computed_word_count is null` }),
  sink: update(essays, {
    computed_word_count: sql`
      case when content ~ '\S' then cardinality(regexp_split_to_array(btrim(content, E' \t\r\n'), '\s+')) else 0 end`,
  }),
});
