import { wordCount, wordCountByRegexp } from "../word-count.ts";
import { SqlStatement } from "./sql-statement.ts";

const updateBy = (words: string): string => `
update essay_submission_essay
set computed_word_count = ${words}
where computed_word_count is null`;

/** One statement, one transaction: the fastest way for a table that no other session uses. */
export const oneUpdate = new SqlStatement(
  "one-update",
  "one `update` of the whole table in one transaction, by psql where there is one",
  updateBy(wordCount),
);

/** The same with a costly expression. */
export const oneUpdateByRegexp = new SqlStatement(
  "one-update-by-regexp",
  "the same with a regular expression",
  updateBy(wordCountByRegexp),
  "word count by regexp",
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
  `${updateBy(wordCount)};`,
);
