import { addColumn, defineJob, rowsOf, sql, update } from "tidefill";
import { articles } from "./tables.ts";

/** An example: adds a column, and fills it. Kill it at any instant, start it again, and it ends in the same state. */
export default defineJob({
  name: "fill-article-word-count",
  after: ["seed-articles"],
  expand: [addColumn("article", "word_count", "integer")],
  source: rowsOf(articles, { read: ["body"], pending: sql`word_count is null` }),
  transform: (row) => ({ word_count: countWords(row.body) }),
  sink: update(articles, ["word_count"]),
});

function countWords(text: string): number {
  return text.split(/\s+/).filter(Boolean).length;
}
