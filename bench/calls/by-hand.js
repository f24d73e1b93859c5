// node by-hand.js <database url> <model url> <calls at once>: what an engineer writes in an afternoon. Four
// workers read 64 rows each, ask about them, and write them with one statement. A kill loses up to 256 paid
// answers, and a row that changes meanwhile gets a stale answer.
import pLimit from "p-limit";
import pg from "pg";

const [databaseUrl, model, atOnce] = process.argv.slice(2);
const limit = pLimit(Number(atOnce));
const pool = new pg.Pool({ connectionString: databaseUrl, max: 4 });
let after = 0;
let turn = Promise.resolve();
let written = 0;
const workers = Array.from({ length: 4 }, async () => {
  for (;;) {
    const { rows } = await next();
    if (rows.length === 0) return;
    const counts = await Promise.all(
      rows.map(({ content }) =>
        limit(async () => (await fetch(model, { method: "POST", body: content })).text()),
      ),
    );
    const { rowCount } = await pool.query(
      `update essay_submission_essay set computed_word_count = fresh.count
        from (select unnest($1::bigint[]) as id, unnest($2::integer[]) as count) as fresh
        where essay_submission_essay.id = fresh.id`,
      [rows.map(({ id }) => id), counts],
    );
    written += rowCount;
  }
});

function next() {
  const read = turn.then(async () => {
    const found = await pool.query(
      "select id, content from essay_submission_essay where id > $1 and computed_word_count is null order by id limit 64",
      [after],
    );
    after = found.rows.at(-1)?.id ?? after;
    return found;
  });
  turn = read.catch(() => {});
  return read;
}

await Promise.all(workers);
await pool.end();
process.stdout.write(JSON.stringify({ written }));
