// node sql.js <database url>: the least work of an SQL job. One statement for each range.
import { availableParallelism } from "node:os";
import { inRanges } from "./in-ranges.js";
import { left, tables } from "./word-counts.js";

const pending = "id > $1 and id <= $2 and computed_word_count is null";
const words = "cardinality(string_to_array(essay.content, ' '))";

// PostgreSQL 18 returns what an update overwrote; older servers find the versions and their old values first.
const update = (returnsOld) => `
with ${
  returnsOld
    ? ""
    : `before as materialized (
  select id, computed_word_count as old, ctid as at, xmin as by from essay_submission_essay where ${pending}
), `
}written as (
  update essay_submission_essay as essay
  set computed_word_count = ${words}
  ${returnsOld ? `where ${pending}` : "from before where essay.id = before.id and essay.id > $1 and essay.id <= $2 and essay.ctid = before.at and essay.xmin = before.by"}
  returning essay.id, ${returnsOld ? "old.computed_word_count" : "before.old"} as old, essay.computed_word_count as new
), kept as (
  insert into least_undo select id, old, new from written
)
select count(*)::integer as rows from written`;

await inRanges({
  sessions: availableParallelism(),
  tables,
  doRange: async (client, bounds, returnsOld) =>
    (await client.query(update(returnsOld), bounds)).rows[0].rows,
  left,
});
