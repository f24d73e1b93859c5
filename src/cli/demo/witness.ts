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
  /** a checksum over all word counts */
  readonly checksum: string;
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

/** Makes every essay pending again, and the witness forget. */
export async function startOver(db: Queryable): Promise<void> {
  await db.query(sql`alter table essay_submission_essay disable trigger record_essay_writes`);
  await db.query(sql`update essay_submission_essay set computed_word_count = null`);
  await db.query(sql`alter table essay_submission_essay enable trigger record_essay_writes`);
  await db.query(sql`truncate essay_write`);
  await db.query(sql`analyze essay_submission_essay`);
}

export async function hear(db: Queryable): Promise<Testimony> {
  const { rows } = await db.query(sql`
    select count(*) as essays,
      count(computed_word_count) as filled,
      (select count(*) from essay_write) as writes,
      (select count(*) from (
        select from essay_write group by essay_id having count(*) > 1) as doubled) as twice,
      md5(string_agg(computed_word_count::text, ',' order by id)) as checksum
    from essay_submission_essay`);
  const row = rows[0] ?? {};
  return {
    essays: Number(row.essays),
    filled: Number(row.filled),
    writes: Number(row.writes),
    twice: Number(row.twice),
    checksum: row.checksum ?? "",
  };
}
