// node row.js <database url>: the least work of a row job. Rows are read without locks, and written in the
// version that was read.
import { arraysOf, counted } from "./counted.js";
import { inRanges } from "./in-ranges.js";
import { left, tables } from "./word-counts.js";

const read = (lock) => `
select id, content as text, ctid, xmin
from essay_submission_essay
where id > $1 and id <= $2 and computed_word_count is null
order by id ${lock}`;

// PostgreSQL 18 returns what an update overwrote; older servers read it once more.
const update = (returnsOld) => `
with written as (
  update essay_submission_essay as essay
  set computed_word_count = counted.words
  from ${counted} ${returnsOld ? "" : ", essay_submission_essay as before"}
  where essay.id = counted.id and essay.id > $5 and essay.id <= $6
    and essay.ctid = counted.at and essay.xmin = counted.by
    ${returnsOld ? "" : "and before.id = counted.id and before.id > $5 and before.id <= $6 and before.ctid = counted.at"}
  returning essay.id, ${returnsOld ? "old" : "before"}.computed_word_count as old, essay.computed_word_count as new
), kept as (
  insert into least_undo select id, old, new from written
)
select count(*)::integer as rows from written`;

/** Writes the rows that are still as they were read. Returns how many. */
async function pass(client, [after, through], returnsOld, lock) {
  const { rows } = await client.query(read(lock), [after, through]);
  if (rows.length === 0) return { read: 0, written: 0 };
  const written = await client.query(update(returnsOld), [...arraysOf(rows), after, through]);
  return { read: rows.length, written: written.rows[0].rows };
}

async function doRange(client, bounds, returnsOld) {
  const first = await pass(client, bounds, returnsOld, "");
  if (first.written === first.read) return first.written;
  // Rows that have changed meanwhile are still pending, and are done again under locks.
  const second = await pass(client, bounds, returnsOld, "for no key update");
  return first.written + second.written;
}

await inRanges({
  sessions: 4,
  tables,
  doRange,
  left,
});
