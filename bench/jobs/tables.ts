import { table } from "tidefill";

export const essays = table("essay_submission_essay", {
  key: "id",
  columns: { id: "bigint", content: "text", computed_word_count: "integer?" },
});
