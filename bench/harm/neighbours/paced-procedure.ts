import pg from "pg";
import { wordCount } from "../../word-count.ts";
import { type Begun, batchRows, type Neighbour } from "../neighbour.ts";

/** A pause after each commit keeps the limit; without one, the procedure goes on at once. */
const procedure = `
create procedure fill_word_counts(batch_rows integer, rows_per_second integer)
language plpgsql
as $procedure$
declare
  last_id bigint := 0;
  through_id bigint;
  due timestamptz := clock_timestamp();
begin
  loop
    select max(id)
    into through_id
    from (select id from essay_submission_essay where id > last_id order by id limit batch_rows) as batch;
    exit when through_id is null;
    update essay_submission_essay
    set computed_word_count = ${wordCount}
    where id > last_id
      and id <= through_id
      and computed_word_count is null;
    commit;
    last_id := through_id;
    if rows_per_second is not null then
      due := greatest(due, clock_timestamp() - interval '1 second')
        + make_interval(secs => batch_rows::float8 / rows_per_second);
      perform pg_sleep(extract(epoch from due - clock_timestamp()));
    end if;
  end loop;
end
$procedure$`;

/** The loop inside the database that a careful engineer writes: 1,000 rows by key, commit, pause. */
export class PacedProcedure implements Neighbour {
  readonly name = "procedure";

  async begin(databaseUrl: string, rowsPerSecond: number | null): Promise<Begun> {
    const client = new pg.Client({ connectionString: databaseUrl });
    let isKilled = false;
    client.on("error", () => {});
    await client.connect();
    await client.query(procedure);
    const ended = client
      .query("call fill_word_counts($1, $2)", [batchRows(1_000, rowsPerSecond), rowsPerSecond])
      .then(
        () => client.end(),
        (error: unknown) => {
          if (!isKilled) throw error;
        },
      );
    const kill = async (): Promise<void> => {
      isKilled = true;
      await terminate(databaseUrl);
      await ended;
    };
    return { ended, kill };
  }
}

async function terminate(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(`
    select pg_terminate_backend(pid)
    from pg_stat_activity
    where datname = current_database()
      and query like 'call fill_word_counts%'`);
  await client.end();
}
