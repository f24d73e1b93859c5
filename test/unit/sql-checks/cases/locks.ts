import type { CasesByCode } from "./cases.ts";

/**
 * Documented by squawk: require-concurrent-index-creation, -index-deletion, -reindex, -partition-detach,
 * ban-concurrent-index-creation-in-transaction, transaction-nesting (in a transaction that the tool began),
 * require-timeout-settings (where tidefill sets none).
 * Documented by strong_migrations: adding an index non-concurrently, adding a reference.
 * From PostgreSQL's own pages: refresh, lock, attach, what it refuses in a transaction, when a new value of an enum may be
 * used, and that a failed concurrent build leaves an invalid index.
 */
const boundCheck = "alter table app.p_1 add constraint c check (a >= 1 and a < 2) not valid";

export const locks: CasesByCode = {
  "create-index-without-concurrently": {
    flagged: [
      "create index on app.t (a)",
      "create unique index if not exists i on app.t (a)",
      "create index i on app.t using gin (a)",
      "create index i on app.t (a) where a > 0",
      "create table app.u (a int); create index on app.t (a)",
      "create table u (a int); create index on app.u (a)",
    ],
    fine: [
      "create index concurrently on app.t (a)",
      "create unique index concurrently i on app.t (a)",
      "create table app.u (a int); create index on app.u (a)",
      "create table if not exists app.u (a int); create index on app.u (a)",
      "create table app.u as select 1 as a; create unique index on app.u (a)",
      "create materialized view app.u as select 1 as a; create unique index on app.u (a)",
      "select 1 as a into app.u; create index on app.u (a)",
      "create table app.u (a int); alter table app.u rename to w; create index on app.w (a)",
      "create index i on only app.t (a)",
    ],
  },
  "drop-index-without-concurrently": {
    flagged: [
      "drop index app.i",
      "drop index if exists app.i",
      "drop index app.i, app.j",
      "drop index app.i cascade",
    ],
    fine: [
      "drop index concurrently app.i",
      "drop index concurrently if exists app.i",
      "drop table app.t",
      "alter table app.t drop constraint i",
    ],
  },
  "reindex-without-concurrently": {
    flagged: [
      "reindex table app.t",
      "reindex index app.i",
      "reindex schema app",
      "reindex (verbose) table app.t",
    ],
    fine: [
      "reindex table concurrently app.t",
      "reindex (concurrently) index app.i",
      "reindex (concurrently true, verbose) table app.t",
      "create table app.u (a int); reindex table app.u",
    ],
  },
  "refresh-without-concurrently": {
    flagged: [
      "refresh materialized view app.m",
      "refresh materialized view app.m with data",
      "refresh materialized view app.m with no data",
      "create materialized view app.n as select 1; refresh materialized view app.m",
    ],
    fine: [
      "refresh materialized view concurrently app.m",
      "create materialized view app.m as select 1",
      "create materialized view app.m as select 1; refresh materialized view app.m",
      "drop materialized view app.m",
    ],
  },
  "detach-partition-without-concurrently": {
    flagged: [
      "alter table app.p detach partition app.p_2020",
      "alter table if exists app.p detach partition app.p_2020",
      "create table app.u (a int); alter table app.p detach partition app.u",
    ],
    fine: [
      "alter table app.p detach partition app.p_2020 concurrently",
      "alter table app.p detach partition app.p_2020 finalize",
      "alter table app.p attach partition app.p_2020 for values from (1) to (2)",
      "create table app.p (a int) partition by list (a); alter table app.p detach partition app.p_2020",
    ],
  },
  "attach-partition-without-check": {
    flagged: [
      "alter table app.p attach partition app.p_1 for values from (1) to (2)",
      "alter table app.p attach partition app.p_1 default",
      "alter table app.p attach partition app.p_1 for values with (modulus 4, remainder 0)",
      "alter table app.p_1 validate constraint c; alter table app.p attach partition app.p_1 for values from (1) to (2)",
      `${boundCheck}; alter table app.p attach partition app.p_1 for values from (1) to (2)`,
      `${boundCheck}; alter table app.p_1 validate constraint c; alter table app.p attach partition app.p_1 for values from (1) to (3)`,
      `${boundCheck}; alter table app.p_1 validate constraint c; alter table app.p attach partition app.p_2 for values from (1) to (2)`,
    ],
    fine: [
      `${boundCheck}; alter table app.p_1 validate constraint c; alter table app.p attach partition app.p_1 for values from (1) to (2)`,
      "alter table app.p_1 add check (a in ('x', 'y')); alter table app.p attach partition app.p_1 for values in ('x', 'y')",
      "create table app.p_1 (a int); alter table app.p attach partition app.p_1 for values from (1) to (2)",
      "create table app.p_1 partition of app.p for values from (1) to (2)",
      "alter table app.p detach partition app.p_1 concurrently",
    ],
  },
  "timeout-off": {
    flagged: [
      "set lock_timeout = 0",
      "set local statement_timeout to '0ms'",
      "set session lock_timeout = '0'",
      "reset statement_timeout",
      "set lock_timeout to default",
      "reset all",
      "select set_config('lock_timeout', '0', true)",
    ],
    fine: [
      "set lock_timeout = '1s'",
      "set local statement_timeout = 60000",
      "set local work_mem = '64MB'",
      "reset work_mem",
      "select set_config('lock_timeout', '100ms', true)",
      "set enable_seqscan = 0",
    ],
  },
  "lock-table": {
    flagged: [
      "lock table app.t",
      "lock app.t in access exclusive mode",
      "lock table app.t in share mode",
      "lock table app.t, app.u in exclusive mode nowait",
      "lock table app.t in share row exclusive mode",
    ],
    fine: [
      "lock table app.t in share update exclusive mode",
      "lock table app.t in row exclusive mode",
      "lock table app.t in access share mode",
      "select id from app.t where id = 1 for update",
      "create table app.u (a int); lock table app.u",
    ],
  },
  "concurrently-in-transaction": {
    context: { isTransactional: true },
    flagged: [
      "create index concurrently on app.t (a)",
      "drop index concurrently app.i",
      "reindex table concurrently app.t",
      "alter table app.p detach partition app.p_2020 concurrently",
      "create table app.u (a int); create index concurrently on app.u (a)",
    ],
    fine: [
      "create index on app.t (a)",
      "refresh materialized view concurrently app.m",
      "alter table app.p detach partition app.p_2020",
      "commit; create index concurrently on app.t (a)",
    ],
  },
  "concurrently-beside-others": {
    flagged: [
      "create index concurrently i on app.t (a); create index concurrently j on app.t (b)",
      "set lock_timeout = '1s'; drop index concurrently app.i",
      "reindex table concurrently app.t; select 1",
      "select 1; alter table app.p detach partition app.p_2020 concurrently",
    ],
    fine: [
      "create index concurrently on app.t (a)",
      "create index concurrently on app.t (a);",
      "-- a comment; and no statement\ncreate index concurrently on app.t (a); -- ;",
      "refresh materialized view concurrently app.m; select 1",
      "create table app.u (a int); create index on app.u (a)",
    ],
  },
  "concurrent-index-if-not-exists": {
    context: { isRetried: true },
    flagged: [
      "create index concurrently if not exists i on app.t (a)",
      "create unique index concurrently if not exists i on app.t (a)",
      "create index concurrently if not exists i on app.t using gin (a)",
      "create index concurrently if not exists i on app.t (a) where a > 0",
    ],
    fine: [
      "create index concurrently i on app.t (a)",
      "create index if not exists i on app.t (a)",
      "drop index concurrently if exists app.i",
      "create table if not exists app.u (a int)",
    ],
  },
  "refused-in-transaction": {
    context: { isTransactional: true },
    flagged: [
      "vacuum app.t",
      "vacuum (analyze)",
      "create database school",
      "drop database school",
      "create tablespace fast location '/fast'",
      "drop tablespace fast",
      "alter system set work_mem = '64MB'",
      "alter database school set tablespace fast",
      "reindex database school",
      "reindex (concurrently) schema app",
      "cluster",
      "create subscription s connection 'x' publication p",
      "drop subscription s",
      "discard all",
    ],
    fine: [
      "analyze app.t",
      "cluster app.t using i",
      "reindex table app.t",
      "alter database school set work_mem = '64MB'",
      "create subscription s connection 'x' publication p with (connect = false)",
      "discard temp",
    ],
  },
  "enum-value-in-same-transaction": {
    flagged: [
      "alter type app.status add value 'late'; update app.t set status = 'late' where id = 1",
      "alter type app.status add value 'late'; alter table app.t alter status set default 'late'",
      "alter type app.status add value if not exists 'late' after 'done'; insert into app.t (status) values ('late'::app.status)",
      "begin; alter type app.status add value 'late'; select 1; delete from app.t where status = 'late'; commit",
    ],
    fine: [
      "alter type app.status add value 'late'",
      "alter type app.status add value 'late'; update app.t set status = 'done' where id = 1",
      "begin; alter type app.status add value 'late'; commit; update app.t set status = 'late' where id = 1",
      "create type app.status as enum ('done'); alter type app.status add value 'late'; select 'late'::app.status",
      "update app.t set status = 'late' where id = 1",
      "alter type app.status rename value 'done' to 'late'; update app.t set status = 'late' where id = 1",
    ],
  },
  "transaction-control": {
    context: { isTransactional: true },
    flagged: [
      "begin; select 1; commit",
      "commit",
      "rollback",
      "start transaction",
      "prepare transaction 'x'",
    ],
    fine: [
      "savepoint a; release savepoint a",
      "rollback to savepoint a",
      "select 1",
      "set transaction read only",
    ],
  },
};
