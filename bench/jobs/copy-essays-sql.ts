import { defineSqlJob, insertInto, rowsOf, sql } from "tidefill";
import { essayCopies, wholeEssays } from "./tables.ts";

export default defineSqlJob({
  name: "copy-essays-sql",
  source: rowsOf(wholeEssays),
  sink: insertInto(essayCopies, {
    id: sql`id`,
    student_id: sql`student_id`,
    title: sql`title`,
    content: sql`content`,
    submitted_at: sql`submitted_at`,
  }),
});
