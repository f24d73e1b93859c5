import { table } from "tidefill";

// The sample school of `tidefill demo`, as far as the jobs beside this file use it.
export const essays = table("essay_submission_essay", {
  key: "id",
  columns: { id: "bigint", content: "text", computed_word_count: "integer?" },
});
