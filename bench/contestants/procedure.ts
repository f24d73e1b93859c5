import { connected } from "../connected.ts";
import type { Contestant, Outcome } from "../contestant.ts";
import { wordCount } from "../word-count.ts";

/** A pause after each commit keeps a limit of rows a second; without one, it goes on at once. */
export const procedure = `
create procedure fill_word_counts(
  inout written bigint, step integer default 1000, rows_per_second integer default null
)
language plpgsql
as $procedure$
declare
  last_id bigint := 0;
  through_id bigint;
  batch_rows bigint;
  due timestamptz := clock_timestamp();
begin
  written := 0;
  loop
    select max(id)
    into through_id
    from (select id from essay_submission_essay where id > last_id order by id limit step) as batch;
    exit when through_id is null;
    update essay_submission_essay
    set computed_word_count = ${wordCount}
    where id > last_id
      and id <= through_id
      and computed_word_count is null;
    get diagnostics batch_rows = row_count;
    written := written + batch_rows;
    commit;
    last_id := through_id;
    if rows_per_second is not null then
      due := greatest(due, clock_timestamp() - interval '1 second')
        + make_interval(secs => step::float8 / rows_per_second);
      perform pg_sleep(extract(epoch from due - clock_timestamp()));
    end if;
  end loop;
end
$procedure$`;

/** A loop inside the database: batches by key, a commit after each, no resume and no undo. */
export class Procedure implements Contestant {
  readonly name = "procedure";
  readonly what = "a PL/pgSQL procedure: 1,000 rows by key, commit, next";
  readonly slow = false;

  async unavailable(): Promise<undefined> {
    return undefined;
  }

  async prepare(databaseUrl: string): Promise<void> {
    await connected(databaseUrl, (client) => client.query(procedure));
  }

  async run(databaseUrl: string): Promise<Outcome> {
    const begun = performance.now();
    const { rows } = await connected(databaseUrl, (client) =>
      client.query<{ readonly written: string }>("call fill_word_counts(null)"),
    );
    return { seconds: (performance.now() - begun) / 1_000, rows: Number(rows[0]?.written) };
  }
}
