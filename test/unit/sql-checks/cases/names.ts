import type { CasesByCode } from "./cases.ts";

/**
 * Documented by squawk: renaming-table, renaming-column, require-table-schema, identifier-too-long.
 * Documented by strong_migrations: renaming a table, a column, a schema, an enum value.
 * What a repeated statement may not ask for follows from `provolatile` in PostgreSQL's catalogue and from the clock.
 */
export const names: CasesByCode = {
  "rename-table": {
    flagged: [
      "alter table app.t rename to u",
      "alter view app.v rename to w",
      "alter materialized view app.m rename to n",
      "alter table app.t set schema other",
    ],
    fine: [
      "alter index app.i rename to j",
      "alter table app.t rename constraint c to d",
      "create view app.u as select * from app.t",
      "create table app.u (a int); alter table app.u rename to w",
      "create table app.u (a int); alter table app.u set schema other",
      "alter function app.f() set schema other",
    ],
  },
  "rename-column": {
    flagged: [
      "alter table app.t rename column a to b",
      "alter table app.t rename a to b",
      "alter view app.v rename column a to b",
      "alter table if exists only app.t rename column a to b",
    ],
    fine: [
      "alter table app.t rename constraint a to b",
      "alter type app.c rename attribute a to b",
      "create table app.u (a int); alter table app.u rename a to b",
      "alter table app.t add column b int",
    ],
  },
  "rename-schema": {
    flagged: ["alter schema app rename to other", 'alter schema "App" rename to app'],
    fine: ["create schema other", "alter schema app owner to web", "alter role web rename to worker"],
  },
  "rename-enum-value": {
    flagged: ["alter type app.status rename value 'done' to 'completed'"],
    fine: [
      "alter type app.status add value 'completed' after 'done'",
      "alter type app.status add value if not exists 'completed'",
      "alter type app.status rename to state",
      "create type app.status as enum ('done')",
    ],
  },
  "identifier-too-long": {
    flagged: [
      `create index concurrently ${"x".repeat(64)} on app.t (a)`,
      `alter table app.t add column "${"é".repeat(32)}" int`,
      `create table app.u (a int); alter table app.u add column ${"x".repeat(70)} int`,
      `select 'é😀'; select "${'""'.repeat(64)}" from app.t`,
    ],
    fine: [
      `create index concurrently ${"x".repeat(63)} on app.t (a)`,
      `alter table app.t add column "${"é".repeat(31)}" int`,
      `select "${'""'.repeat(63)}" from app.t`,
      `select '${"x".repeat(70)}'`,
      `-- ${"x".repeat(70)}\nselect 1`,
      `do $$ begin perform ${"x".repeat(70)}(); end $$`,
    ],
  },
  "unqualified-table": {
    flagged: [
      "create table t (a bigint)",
      "alter table t add column a int",
      "select * from app.u join t using (id)",
      "update app.u set a = (select max(a) from t) where id = 1",
      "drop table t",
      "drop trigger x on t",
      "create index concurrently i on t (a)",
      "create table app.u (a bigint references t)",
      "create view app.v as select * from t",
      "with q as (select 1) select * from t",
    ],
    fine: [
      "alter table app.t add column a int",
      "with q as (select 1) select * from q",
      "with recursive q as (select 1 as n union all select n + 1 from q where n < 9) select * from q",
      "select * from pg_class",
      "select * from information_schema.tables, generate_series(1, 2)",
      "create temporary table work (a int); update work set a = 1; drop table work",
      "select * from app.t as u for update of u",
      "create type pair as (a int, b int)",
      "drop function f()",
      "drop schema app",
    ],
  },
  "non-repeatable-expression": {
    context: { isRetried: true },
    flagged: [
      "update app.t set a = now() where id = 1",
      "update app.t set a = current_timestamp where id = 1",
      "update app.t set a = current_date where id = 1",
      "update app.t set a = localtimestamp(3) where id = 1",
      "insert into app.t (id, a) select gen_random_uuid(), pg_catalog.random() from app.u",
      "insert into app.t (id) values (nextval('app.s'))",
      "update app.t set a = txid_current() where id = 1",
      "delete from app.t where at < clock_timestamp() - interval '1 day'",
      "update app.t set a = 'now'::timestamptz where id = 1",
      "update app.t set a = current_user where id = 1",
      "update app.t set a = session_user where id = 1",
      "update app.t set a = system_user where id = 1",
      "select setval('app.s', 5)",
      "update app.t set a = date 'today' where id = 1",
      "update app.t set a = age(born) where id = 1",
      "insert into app.u select * from app.t tablesample bernoulli (1)",
      "create table app.u as select now() as at",
    ],
    fine: [
      "update app.t set a = lower(b) where id = 1",
      "update app.t set a = b + interval '1 day' where id = 1",
      "update app.t set a = '2020-01-01'::date where id = 1",
      "update app.t set a = 'now' where id = 1",
      "update app.t set a = age(died, born) where id = 1",
      "update app.t set a = to_char(b, 'YYYY') where id = 1",
      "update app.t set a = app.now() where id = 1",
      "alter table app.t alter column a set default now()",
      "create table app.u (id uuid default gen_random_uuid(), at timestamptz default now())",
      "create view app.v as select * from app.t where at > now()",
      "select * from app.t tablesample bernoulli (1) repeatable (7)",
      "alter table app.t alter column a set default current_user",
      "select current_setting('server_version')",
    ],
  },
};

/** For expressions, in the columns of a job. */
export const expressions: CasesByCode = {
  "unqualified-function": {
    flagged: [
      "slugify(name)",
      "coalesce(slugify(name), '')",
      "a + (select my_max(b) from app.u)",
      "uuid_generate_v5(a, b)",
    ],
    fine: [
      "app.slugify(name)",
      "lower(trim(name))",
      "pg_catalog.lower(name)",
      "cardinality(regexp_split_to_array(trim(content), '\\s+'))",
      "extract(year from at) + date_part('month', at at time zone 'utc')",
      "coalesce(greatest(a, b), nullif(c, 0))",
      "jsonb_build_object('a', a) || jsonb_set(b, '{x}', to_jsonb(c))",
      "case when a like 'x%' then position('x' in a) else substring(a from 1 for 2)::int end",
      "overlay(a placing 'x' from 1) || normalize(b) || format('%s', hashtext(c))",
    ],
  },
  "unqualified-table": {
    flagged: [
      "(select max(a) from t)",
      "exists (select from t where t.id = u.id)",
      "(with q as (select a from t) select max(a) from q)",
      "a in (select a from app.u union select a from t)",
    ],
    fine: [
      "(select max(a) from app.t)",
      "t.a + u.b",
      "(with q as (select a from app.t) select max(a) from q)",
      "(select count(*) from pg_class)",
      "(select sum(n) from unnest(numbers) as n)",
    ],
  },
  "non-repeatable-expression": {
    context: { isRetried: true },
    flagged: [
      "now()",
      "random()",
      "gen_random_uuid()",
      "nextval('app.s')",
      "setval('app.s', 5)",
      "current_user",
      "user",
      "clock_timestamp()",
      "current_timestamp",
      "txid_current()",
    ],
    fine: ["lower(name)", "a + 1", "null", "interval '1 day' + at", "$1", "md5(id::text)::uuid"],
  },
};
