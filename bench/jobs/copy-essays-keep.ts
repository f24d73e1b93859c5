import { defineJob, insertInto, rowsOf } from "tidefill";
import { countWords } from "../word-count.ts";
import { essayCopies, wholeEssays } from "./tables.ts";

/** The transform reads the large column; the database copies it. */
export default defineJob({
  name: "copy-essays-keep",
  source: rowsOf(wholeEssays, { read: ["content"] }),
  transform: ({ content }) => ({ word_count: countWords(content) }),
  sink: insertInto(essayCopies, ["word_count"], {
    keep: ["id", "student_id", "title", "content", "submitted_at"],
  }),
});
