import { defineJob, rowsOf, sql, update } from "tidefill";
import { countWords } from "../word-count.ts";
import { essays } from "./tables.ts";

/** Makes the checksums needed, so that no compiler leaves them out. */
const checksums = new Int32Array(1);

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
    checksums[0]! ^= checksum;
    return { computed_word_count: countWords(content) };
  },
  sink: update(essays, ["computed_word_count"]),
});
