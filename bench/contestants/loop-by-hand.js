// node loop-by-hand.js <database url> [<ids of a range> [<rows per second>]]: the strongest loop that an engineer
// writes in an afternoon.
import { connect, everyRange } from "./ranges.js";

const select = `
select id, content
from essay_submission_essay
where id > $1 and id <= $2 and computed_word_count is null
order by id
for no key update`;

// The bounds again, so that PostgreSQL reads a range of the index and not the whole table.
const update = `
update essay_submission_essay as essay
set computed_word_count = counted.words
from unnest($1::bigint[], $2::integer[]) as counted (id, words)
where essay.id = counted.id and essay.id > $3 and essay.id <= $4`;

async function doRange(client, [after, through]) {
  await client.query("begin");
  const { rows } = await client.query(select, [after, through]);
  const words = rows.map(({ content }) => (content === "" ? 0 : content.split(" ").length));
  const ids = rows.map(({ id }) => id);
  const { rowCount } = await client.query(update, [ids, words, after, through]);
  await client.query("commit");
  return rowCount;
}

const first = await connect();
const last = Number((await first.query("select max(id) as last from essay_submission_essay")).rows[0].last);
await first.end();

const [, , , step = 4_000, rowsPerSecond = Number.POSITIVE_INFINITY] = process.argv;
const pace = { step: Number(step), rowsPerSecond: Number(rowsPerSecond) };
process.stdout.write(`${await everyRange(4, last, doRange, pace)}\n`);
