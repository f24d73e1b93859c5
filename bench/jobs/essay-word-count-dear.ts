import { createHash } from "node:crypto";
import { defineJob, rowsOf, sql, update } from "tidefill";
import { countWords } from "../word-count.ts";
import { essays } from "./tables.ts";

/** How often each text is hashed beside being counted: a few hundred microseconds of one core. */
const rounds = 200;

// A transform that takes a core for itself, to be compared in one process and in several.
export default defineJob({
  name: "essay-word-count-dear",
  source: rowsOf(essays, { read: ["content"], pending: sql`computed_word_count is null` }),
  transform: ({ content }) => {
    let text: Buffer | string = content;
    for (let round = 0; round < rounds; round += 1) text = createHash("sha256").update(text).digest();
    return { computed_word_count: countWords(content) };
  },
  sink: update(essays, ["computed_word_count"]),
});
