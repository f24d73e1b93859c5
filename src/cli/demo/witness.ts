import { sql } from "../../postgres/sql/sql.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";

/** What the database itself has seen. */
export interface Testimony {
  readonly essays: number;
  /** essays that have their word count */
  readonly filled: number;
  /** updates of an essay's row, as a trigger recorded them */
  readonly writes: number;
  /** essays that were updated more than once */
  readonly twice: number;
}

/** Lets the database record every write of an essay by a trigger: a witness that knows nothing of tidefill. */
export async function callWitness(db: Queryable): Promise<void> {
  await db.query(sql`create unlogged table public.essay_write (essay_id bigint not null)`);
  await db.query(sql`
    create function public.record_essay_writes() returns trigger language plpgsql as $$
    begin
      insert into public.essay_write select id from written;
      return null;
    end $$`);
  await db.query(sql`
    create trigger record_essay_writes
    after update on essay_submission_essay
    referencing new table as written
    for each statement execute function public.record_essay_writes()`);
}

/** Asks the database what it has seen. */
export async function hear(db: Queryable): Promise<Testimony> {
  const { rows } = await db.query(sql`
    select count(*) as essays,
      count(computed_word_count) as filled,
      (select count(*) from essay_write) as writes,
      (select count(*) from (
        select from essay_write group by essay_id having count(*) > 1) as doubled) as twice
    from essay_submission_essay`);
  const row = rows[0] ?? {};
  return {
    essays: Number(row.essays),
    filled: Number(row.filled),
    writes: Number(row.writes),
    twice: Number(row.twice),
  };
}
