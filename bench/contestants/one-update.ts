import { wordCount } from "../word-count.ts";
import { SqlStatement } from "./sql-statement.ts";

const update = `
update essay_submission_essay
set computed_word_count = ${wordCount}
where computed_word_count is null`;

/** One statement, one transaction: the fastest way for a table that no other session uses. */
export const oneUpdate = new SqlStatement(
  "one-update",
  "one `update` of the whole table in one transaction, by psql where there is one",
  update,
);

/** What a copy is compared with. */
export const insertSelect = new SqlStatement(
  "insert-select",
  "one `insert … select` of the whole table, by psql where there is one",
  `insert into essay_copy (id, student_id, title, content, submitted_at)
select id, student_id, title, content, submitted_at
from essay_submission_essay`,
  "copy",
);

/** What a verify is compared with. */
export const countDifferences = new SqlStatement(
  "count-differences",
  "one `select count(*) … where computed_word_count is distinct from …` over the whole table",
  `select count(*) from essay_submission_essay where computed_word_count is distinct from ${wordCount}`,
  "compare",
  `${update};`,
);
