import { expect } from "vitest";
import { emptyStore } from "../../support/empty-store.ts";
import { type Asked, requireSucceeded } from "./counters.ts";

/** What a job leaves of each row of `source`, and in `effect`. */
export interface Trace {
  readonly job: string;
  /** rows in `effect` for each row of the source */
  readonly parts: number;
  /** whether the row itself is deleted */
  readonly isTaken: boolean;
}

export const traces: readonly Trace[] = [
  { job: "insert-rows", parts: 1, isTaken: false },
  { job: "insert-many", parts: 2, isTaken: false },
  { job: "insert-by-sql", parts: 1, isTaken: false },
  { job: "delete-rows", parts: 0, isTaken: true },
  { job: "delete-by-sql", parts: 0, isTaken: true },
  { job: "move-rows", parts: 2, isTaken: true },
  { job: "move-by-sql", parts: 1, isTaken: true },
];

/**
 * Creates the tables and removes all traces of earlier runs. The table `pace` sets how long each write and
 * each `slowly` takes.
 */
export async function fillSource(database: Asked, rows: number): Promise<void> {
  await database.query(`
    ${emptyStore};
    drop table if exists source, effect, deletion, pace;
    create table pace (row_seconds float not null, checkpoint_seconds float not null);
    insert into pace values (0, 0);
    create or replace function slowly(value integer) returns integer language plpgsql as
      'begin perform pg_sleep(row_seconds) from public.pace where row_seconds > 0; return value; end';
    create or replace function slow_checkpoint() returns trigger language plpgsql as
      'begin perform pg_sleep(checkpoint_seconds) from public.pace where checkpoint_seconds > 0; return new; end';
    create or replace function slow_row() returns trigger language plpgsql as
      'begin perform public.slowly(1); if tg_op = ''DELETE'' then return old; end if; return new; end';
    create or replace function trace_deletion() returns trigger language plpgsql as
      'begin insert into public.deletion values (old.id); return null; end';
    create table source (id bigint primary key, n integer not null default 0, other integer not null default 0);
    create table effect (source_id bigint, part integer);
    create table deletion (source_id bigint);
    insert into source (id) select 7 * g from generate_series(1, ${rows}) g;
    analyze source;
    create trigger slow_row before insert or update or delete on source for each row execute function slow_row();
    create trigger slow_row before insert or update or delete on effect for each row execute function slow_row();
    create trigger trace_deletion after delete on source for each row execute function trace_deletion()`);
}

/** A hash over all rows of the source, independent of their addresses. */
export async function sourceHash(database: Asked, where = "true"): Promise<unknown> {
  const [row] = await database.query(
    `select count(*)::integer as rows, md5(string_agg(s::text, ',' order by id)) as hash from source s where ${where}`,
  );
  return row;
}

/** The oracle, in plain SQL: each row of the source has had its effect once, and there is one image for each effect. */
export async function requireEffectsOnce(database: Asked, trace: Trace, rows: number): Promise<void> {
  const { parts, isTaken } = trace;
  const once = `select 7 * g as id from generate_series(1, ${rows}) g
    where (select count(*) from effects where source_id = 7 * g) <> ${parts}
      or (select count(distinct part) from effects where source_id = 7 * g) <> ${parts}
      or (select count(*) from deletions where source_id = 7 * g) <> ${isTaken ? 1 : 0}
    limit 5`;
  await database.query(`create index if not exists effect_source on effect (source_id);
    create index if not exists deletion_source on deletion (source_id)`);
  const wrong = await database.query(
    once.replaceAll("from effects", "from effect").replaceAll("from deletions", "from deletion"),
  );
  expect(wrong).toEqual([]);
  expect(
    await database.query(`select (select count(*) from effect)::integer as effects,
      (select count(*) from deletion)::integer as deletions, (select count(*) from source)::integer as source`),
  ).toEqual([{ effects: parts * rows, deletions: isTaken ? rows : 0, source: isTaken ? 0 : rows }]);
  const images = isTaken ? rows : parts * rows;
  // A process that was killed before it created its run has used up a number.
  const [run] = await database.query("select id from tidefill.run where kind = 'run'");
  const key = isTaken ? "key_1" : "(key_1, key_2)";
  expect(
    await database.query(`select count(*)::integer as images, count(distinct ${key})::integer as keys
      from tidefill.undo_${run?.id}`),
  ).toEqual([{ images, keys: images }]);
  await requireSucceeded(database);
}
