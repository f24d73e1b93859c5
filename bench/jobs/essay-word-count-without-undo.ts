import { defineJob, rowsOf, sql, update } from "tidefill";
import { countWords } from "../word-count.ts";
import { essays } from "./tables.ts";

export default defineJob({
  name: "essay-word-count-without-undo",
  source: rowsOf(essays, { read: ["content"], pending: sql`computed_word_count is null` }),
  transform: (essay) => ({ computed_word_count: countWords(essay.content) }),
  undoable: false,
  backup: { check: () => true },
  sink: update(essays, ["computed_word_count"]),
});
