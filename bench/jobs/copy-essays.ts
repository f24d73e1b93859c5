import { defineJob, insertInto, rowsOf } from "tidefill";
import { essayCopies, wholeEssays } from "./tables.ts";

export default defineJob({
  name: "copy-essays",
  source: rowsOf(wholeEssays),
  transform: (essay) => essay,
  sink: insertInto(essayCopies, ["id", "student_id", "title", "content", "submitted_at"]),
});
