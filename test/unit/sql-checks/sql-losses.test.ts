import { expect, test } from "vitest";
import { lossesIn } from "../../../src/sql-checks/losses-in.ts";

test.each([
  ["drop table app.t, app.u", ["drop table app.t", "drop table app.u"]],
  ["truncate app.t", ["truncate app.t"]],
  ["delete from app.t where id = 1", ["delete from app.t"]],
  ["with gone as (delete from app.t returning id) select count(*) from gone", ["delete from app.t"]],
  ["merge into app.t using app.u on t.id = u.id when matched then delete", ["delete from app.t"]],
  ["alter table app.t add a int, drop column b", ["drop column b of app.t"]],
  ["drop schema app", ["drop schema app"]],
  ["drop owned by web", ["drop owned"]],
  ["drop database school", ["drop database"]],
])("%s is destructive", async (text, losses) => {
  expect(await lossesIn(text)).toEqual(losses);
});

test.each([
  "drop index app.i",
  "drop view app.v",
  "drop materialized view app.m",
  "alter table app.t drop constraint c",
  "create temp table w (a int); delete from w; drop table w",
  "create function app.f() returns void begin atomic delete from app.t; end",
  "insert into app.t values (1) on conflict do nothing",
  "comment on table app.t is 'drop table app.t'",
])("%s is not destructive", async (text) => {
  expect(await lossesIn(text)).toEqual([]);
});
