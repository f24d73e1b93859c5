import { defineJob, rowsOf, sql, update } from "tidefill";
import { countWordsByRegexp } from "../word-count.ts";
import { essays } from "./tables.ts";

export default defineJob({
  name: "essay-word-count-by-regexp",
  source: rowsOf(essays, { read: ["content"], pending: sql`computed_word_count is null` }),
  transform: (essay) => ({ computed_word_count: countWordsByRegexp(essay.content) }),
  sink: update(essays, ["computed_word_count"]),
});
