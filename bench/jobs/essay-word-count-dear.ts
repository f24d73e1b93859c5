import { defineJob, rowsOf, sql, update } from "tidefill";
import { countWords } from "../word-count.ts";
import { essays } from "./tables.ts";

/** How often each text is walked through beside being counted: a few hundred microseconds of one core. */
const rounds = 500;

// A transform that takes a core for itself, to be compared in one process and in several.
export default defineJob({
  name: "essay-word-count-dear",
  source: rowsOf(essays, { read: ["content"], pending: sql`computed_word_count is null` }),
  transform: ({ content }) => {
    let checksum = 0;
    for (let round = 0; round < rounds; round += 1)
      for (let at = 0; at < content.length; at += 1)
        checksum = Math.imul(checksum ^ content.charCodeAt(at), 16_777_619);
    // The checksum is part of the answer, so that no compiler leaves it out.
    return { computed_word_count: countWords(content) + (checksum & 0) };
  },
  sink: update(essays, ["computed_word_count"]),
});
