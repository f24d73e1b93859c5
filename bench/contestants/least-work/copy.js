// node copy.js <database url> <column>: the least work of a copy that keeps columns. The transform reads one
// column; the others never leave the database. Rows are locked: a trigger that carries the application's changes
// over to the copy must not meet an essay between the read and the commit, since it would find no copy to change.
import { arraysOf, counted } from "./counted.js";
import { inRanges } from "./in-ranges.js";

const column = process.argv[3];

const tables = `
drop table if exists least_undo;
create table least_undo (id bigint not null, by xid8 not null)`;

const read = `
select id, ${column} as text, ctid, xmin
from essay_submission_essay
where id > $1 and id <= $2
order by id
for no key update`;

const insert = `
with written as (
  insert into essay_copy (id, student_id, title, content, submitted_at, word_count)
  select essay.id, essay.student_id, essay.title, essay.content, essay.submitted_at, counted.words
  from ${counted}, essay_submission_essay as essay
  where essay.id = counted.id and essay.id > $5 and essay.id <= $6
    and essay.ctid = counted.at and essay.xmin = counted.by
  returning id
), kept as (
  insert into least_undo select id, pg_current_xact_id() from written
)
select count(*)::integer as rows from written`;

async function doRange(client, [after, through]) {
  const { rows } = await client.query(read, [after, through]);
  if (rows.length === 0) return 0;
  const written = await client.query(insert, [...arraysOf(rows), after, through]);
  if (written.rows[0].rows < rows.length) throw new Error("An essay has changed.");
  return rows.length;
}

await inRanges({ sessions: 4, tables, doRange, left: null });
