import { defineJob, insertInto, rowsOf } from "tidefill";
import { countWords } from "../word-count.ts";
import { essayCopies, wholeEssays } from "./tables.ts";

/** The transform reads a small column only. */
export default defineJob({
  name: "copy-essays-keep-small",
  source: rowsOf(wholeEssays, { read: ["title"] }),
  transform: ({ title }) => ({ word_count: countWords(title) }),
  sink: insertInto(essayCopies, ["word_count"], {
    keep: ["id", "student_id", "title", "content", "submitted_at"],
  }),
});
