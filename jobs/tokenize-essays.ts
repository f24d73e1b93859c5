import { addColumn, createIndex, defineSqlJob, rowsOf, sql, update } from "tidefill";
import { processedEssays } from "./tables.ts";

// The index comes after the rows, so that the updates need not write its entries.
export default defineSqlJob({
  name: "tokenize-essays",
  after: ["essay-word-count"],
  expand: [addColumn("essay_submission_essay", "processed_content", "text[]")],
  source: rowsOf(processedEssays, { pending: sql`processed_content is null` }),
  sink: update(processedEssays, {
    processed_content: sql`regexp_split_to_array(lower(btrim(content, e' \t\r\n')), '[^[:alnum:]]+')`,
  }),
  contract: [
    createIndex("idx_essay_processed_content", {
      on: "essay_submission_essay",
      using: "gin",
      by: sql`processed_content`,
    }),
  ],
});
