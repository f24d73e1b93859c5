import { table } from "tidefill";

export const essays = table("essay_submission_essay", {
  key: "id",
  columns: { id: "bigint", content: "text", computed_word_count: "integer?" },
});

export const wholeEssays = table("essay_submission_essay", {
  key: "id",
  columns: {
    id: "bigint",
    student_id: "bigint",
    title: "text",
    content: "text",
    submitted_at: "timestamptz",
  },
});

export const essayCopies = table("essay_copy", {
  key: "id",
  columns: {
    id: "bigint",
    student_id: "bigint",
    title: "text",
    content: "text",
    submitted_at: "timestamptz",
    word_count: "integer?",
  },
});
