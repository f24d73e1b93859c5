// node least-work.js <database url>: the least that any tool must do which can be killed, resumed and undone.
// Beside the loop by hand: rows are read without locks and met again in the version that was read, old values
// are kept, the checkpoint is part of the batch, and a last look proves that no row is left. It has no
// signals, no leases, no rejects, no checks and no command line.
import pg from "pg";

const step = 4_000;
const connections = 4;

const tables = `
drop table if exists least_undo, least_range;
create table least_undo (id bigint not null, old integer, new integer);
create table least_range (number integer primary key, through bigint, rows integer not null)`;

const read = (lock) => `
select id, content, ctid, xmin
from essay_submission_essay
where id > $1 and id <= $2 and computed_word_count is null
order by id ${lock}`;

// PostgreSQL 18 returns what an update overwrote; older servers read it once more.
const update = (returnsOld) => `
with written as (
  update essay_submission_essay as essay
  set computed_word_count = counted.words
  from (
    select unnest($1::bigint[]) as id, unnest($2::integer[]) as words, unnest($3::tid[]) as at, unnest($4::xid[]) as by
  ) as counted ${returnsOld ? "" : ", essay_submission_essay as before"}
  where essay.id = counted.id and essay.id > $5 and essay.id <= $6
    and essay.ctid = counted.at and essay.xmin = counted.by
    ${returnsOld ? "" : "and before.id = counted.id and before.id > $5 and before.id <= $6 and before.ctid = counted.at"}
  returning essay.id, ${returnsOld ? "old" : "before"}.computed_word_count as old, essay.computed_word_count as new
), kept as (
  insert into least_undo select id, old, new from written
)
select count(*)::integer as rows from written`;

const checkpoint = `
insert into least_range values ($1, $2, $3)
on conflict (number) do update set through = excluded.through, rows = least_range.rows + excluded.rows`;

async function connect() {
  const client = new pg.Client({ connectionString: process.argv[2] });
  await client.connect();
  return client;
}

/** Writes the rows that are still as they were read. Returns how many. */
async function pass(client, statement, [after, through], lock) {
  const { rows } = await client.query(read(lock), [after, through]);
  if (rows.length === 0) return { read: 0, written: 0 };
  const words = rows.map(({ content }) => (content === "" ? 0 : content.split(" ").length));
  const [ids, places, versions] = ["id", "ctid", "xmin"].map((name) => rows.map((row) => row[name]));
  const written = await client.query(statement, [ids, words, places, versions, after, through]);
  return { read: rows.length, written: written.rows[0].rows };
}

async function doRange(client, statement, number, bounds) {
  await client.query("begin");
  const first = await pass(client, statement, bounds, "");
  // Rows that have changed meanwhile are still pending, and are done again under locks.
  const second =
    first.written < first.read ? await pass(client, statement, bounds, "for no key update") : { written: 0 };
  const written = first.written + second.written;
  await client.query(checkpoint, [number, bounds[1], written]);
  await client.query("commit");
  return written;
}

const first = await connect();
await first.query(tables);
const { last, version } = (
  await first.query(
    "select max(id) as last, current_setting('server_version_num')::integer as version from essay_submission_essay",
  )
).rows[0];
const statement = update(version >= 180_000);

let next = 0;
let written = 0;
const session = async () => {
  const client = await connect();
  while (next < Number(last)) {
    const after = next;
    next += step;
    const rows = await doRange(client, statement, after / step, [after, after + step]);
    written += rows;
  }
  await client.end();
};
await Promise.all(Array.from({ length: connections }, session));
const left = await first.query(
  "select from essay_submission_essay where computed_word_count is null limit 1",
);
await first.end();
if (left.rows.length > 0) throw new Error("A row is left.");
process.stdout.write(`${written}\n`);
