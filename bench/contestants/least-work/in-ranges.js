// The least that any tool must write so that a run can be killed, resumed and undone: ranges of keys, a
// checkpoint in the transaction of each, an undo log, and a last look which proves that no row is left. It has
// no signals, no leases, no rejects, no checks, no command line, and no resume and undo either.
import { connect, everyRange } from "../ranges.js";

const checkpointTable = `
drop table if exists least_range;
create table least_range (after bigint primary key, through bigint, rows integer not null)`;

const checkpoint = `
insert into least_range values ($1, $2, $3)
on conflict (after) do update set through = excluded.through, rows = least_range.rows + excluded.rows`;

/**
 * Does all essays in ranges, several sessions at a time, and prints how many rows were written. `doRange` gets
 * a client within a transaction, the bounds of ids, and whether the server returns old values; it returns how
 * many rows it wrote. `left` is a statement that returns a row where an essay is left; null for no last look.
 */
export async function inRanges({ sessions, tables, doRange, left }) {
  const first = await connect();
  await first.query(`${checkpointTable}; ${tables}`);
  const { last, version } = (
    await first.query(
      "select max(id)::integer as last, current_setting('server_version_num')::integer as version from essay_submission_essay",
    )
  ).rows[0];
  const written = await everyRange(sessions, last, async (client, bounds) => {
    await client.query("begin");
    const rows = await doRange(client, bounds, version >= 180_000);
    await client.query(checkpoint, [...bounds, rows]);
    await client.query("commit");
    return rows;
  });
  const isLeft = left !== null && (await first.query(left)).rows.length > 0;
  await first.end();
  if (isLeft) throw new Error("A row is left.");
  process.stdout.write(`${written}\n`);
}
