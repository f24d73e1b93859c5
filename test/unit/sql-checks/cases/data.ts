import type { CasesByCode } from "./cases.ts";

/**
 * Documented by squawk: ban-drop-table, ban-drop-column, ban-drop-database, ban-drop-not-null, ban-truncate-cascade.
 * Documented by strong_migrations: removing a column, backfilling in one statement.
 * The rest is what tidefill exists for: one transaction over a whole table, and loss without an undo log.
 */
export const data: CasesByCode = {
  "unbounded-update": {
    flagged: [
      "update app.t set a = 1",
      "update app.t set a = 1 where true",
      "update app.t set a = 1 where 1 = 1",
      "update app.t set a = 1 where false or true",
      "update app.t set a = 1 where random() < 0.5",
      "update app.t set a = u.a from app.u",
      "update app.t set a = u.a from app.u where u.b > 0",
      "update app.t set a = 1 where id = id",
      "update app.t set a = 1 where t.id >= t.id and true",
      "update app.t set a = 1 where id is not distinct from id",
      "update app.t set a = 1 where id is not null",
      "update app.t set a = 1 where not (id is null)",
      "update app.t set a = 1 where exists (select from app.u)",
      "update app.t set a = 1 where exists (select from app.u as x where x.a > 0)",
      "update app.t set a = 1 where not exists (select from app.t where t.a > 0)",
      "update app.t set a = 1 where (select count(*) from app.u) > 5",
      "with changed as (update app.t set a = 1 returning id) select count(*) from changed",
      "explain analyze update app.t set a = 1",
      "merge into app.t using app.u on true when matched then update set a = 1",
    ],
    fine: [
      "update app.t set a = 1 where id between 1 and 1000",
      "update app.t set a = 1 where a is null and true",
      "update app.t set a = u.a from app.u where u.id = t.id",
      "update app.t as x set a = u.a from app.u where u.id = x.id",
      "update app.t set a = 1 where id = a",
      "update app.t set a = 1 where id is null",
      "update app.t set a = 1 where not (id is not null)",
      "update app.t set a = 1 where id is not null and id < 1000",
      "update app.t set a = 1 where exists (select from app.u where u.id = t.id)",
      "update app.t set a = 1 where exists (select from app.u where u_id = id)",
      "update app.t set a = 1 where id in (select u.id from app.u)",
      "update app.t set a = 1 where current of c",
      "explain update app.t set a = 1",
      "create rule r as on insert to app.t do also update app.u set a = 1",
      "merge into app.t using app.u on t.id = u.id when matched then update set a = 1",
      "merge into app.t using app.u on true when matched and t.a > 0 then update set a = 1",
      "create table app.u as select 1 as a; update app.u set a = 2",
      "insert into app.t (id) values (1) on conflict (id) do update set a = 1",
    ],
  },
  "unbounded-delete": {
    flagged: [
      "delete from app.t",
      "delete from only app.t where true",
      "delete from app.t using app.u where 2 > 1",
      "delete from app.t using app.u where u.a = 1",
      "delete from app.t where id is not null or a = 1",
      "delete from app.t where exists (select from app.u)",
      "with gone as (delete from app.t returning *) insert into app.u select * from gone",
      "copy (delete from app.t returning *) to stdout",
      "merge into app.t using app.u on true when matched then delete",
    ],
    fine: [
      "delete from app.t where id <= 1000",
      "delete from app.t using app.u where u.id = t.id",
      "delete from app.t where ctid in (select ctid from app.t limit 10)",
      "create table app.u as select 1 as a; delete from app.u",
      "create function app.f() returns void begin atomic delete from app.t; end",
      "prepare d as delete from app.t",
    ],
  },
  "truncate-table": {
    flagged: [
      "truncate app.t",
      "truncate table only app.t",
      "truncate app.t, app.u restart identity",
      "truncate app.t cascade",
    ],
    fine: [
      "create table app.u (a int); truncate app.u",
      "delete from app.t where id < 100",
      "create trigger x before truncate on app.t execute function app.f()",
      "revoke truncate on app.t from web",
    ],
  },
  "drop-table": {
    flagged: [
      "drop table app.t",
      "drop table if exists app.t, app.u",
      "drop materialized view app.m",
      "drop foreign table app.f",
    ],
    fine: [
      "create table app.u (a int); drop table app.u",
      "create table app.u (a int); alter table app.u rename to w; drop table app.w",
      "drop view app.v",
      "drop function app.f()",
      "drop index concurrently app.i",
    ],
  },
  "drop-column": {
    flagged: [
      "alter table app.t drop column a",
      "alter table app.t drop a",
      "alter table app.t drop column if exists a cascade",
      "alter table app.t drop constraint c, drop column a",
    ],
    fine: [
      "alter table app.t drop constraint c",
      "alter table app.t alter column a drop default",
      "alter table app.t alter column a drop not null",
      "create table app.u (a int, b int); alter table app.u drop column a",
    ],
  },
  "drop-not-null": {
    flagged: [
      "alter table app.t alter column a drop not null",
      "alter table app.t alter a drop not null, alter b drop not null",
      "alter table app.t drop constraint c, alter a drop not null",
    ],
    fine: [
      "alter table app.t alter column a drop default",
      "alter table app.t alter column a set default 0",
      "create table app.u (a int not null); alter table app.u alter a drop not null",
      "alter domain app.d drop not null",
    ],
  },
  "drop-other": {
    flagged: [
      "drop view app.v",
      "drop function if exists app.f(int)",
      "drop procedure app.p()",
      "drop routine app.r",
      "drop aggregate app.a(int)",
      "drop type app.status",
      "drop domain app.d",
      "drop sequence app.s, app.r",
      "drop extension hstore",
    ],
    fine: [
      "create view app.v as select 1 as a; drop view app.v",
      "create or replace function app.f(a int) returns int language sql return a; drop function app.f(int)",
      "create type app.status as enum ('done'); drop type app.status",
      "create sequence app.s; drop sequence app.s",
      "drop table app.t",
      "drop index concurrently app.i",
      "drop trigger x on app.t",
      "drop role web",
    ],
  },
  "drop-schema": {
    flagged: [
      "drop schema app",
      "drop schema if exists app, other",
      "drop schema app cascade",
      "create schema x; drop schema app",
    ],
    fine: [
      "create schema app",
      "drop view app.v",
      "revoke usage on schema app from web",
      "drop extension hstore",
    ],
  },
  "drop-database": {
    flagged: ["drop database school", "drop database if exists school", "drop database school with (force)"],
    fine: ["create database school", "alter database school with allow_connections false", "drop role web"],
  },
  "drop-owned": {
    flagged: ["drop owned by web", "drop owned by web, worker cascade", "drop owned by current_user"],
    fine: ["reassign owned by web to worker", "drop role web", "alter table app.t owner to web"],
  },
  cascade: {
    flagged: [
      "drop table app.t cascade",
      "truncate app.t cascade",
      "drop type app.status cascade",
      "drop function app.f(int) cascade",
      "drop schema app cascade",
      "alter table app.t drop column a cascade",
      "alter table app.t drop constraint c cascade",
    ],
    fine: [
      "drop table app.t",
      "drop type app.status restrict",
      "truncate app.t",
      "alter table app.t drop column a",
      "alter table app.t add foreign key (a) references app.u on delete cascade not valid",
      "create table app.u (a int); drop table app.u cascade",
    ],
  },
  "disable-trigger": {
    flagged: [
      "alter table app.t disable trigger all",
      "alter table app.t disable trigger user",
      "alter table app.t disable trigger audit",
      "set local session_replication_role = replica",
      "set session_replication_role to 'Replica'",
    ],
    fine: [
      "alter table app.t enable trigger audit",
      "alter table app.t enable always trigger audit",
      "set local session_replication_role = origin",
      "create trigger x after insert on app.t for each row execute function app.f()",
      "create table app.u (a int); alter table app.u disable trigger all",
    ],
  },
};
