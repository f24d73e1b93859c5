/** The undo log of a job that fills the word counts. */
export const tables = `
drop table if exists least_undo;
create table least_undo (id bigint not null, old integer, new integer)`;

/** Returns a row where an essay has no word count. */
export const left = "select from essay_submission_essay where computed_word_count is null limit 1";
