import type { CasesByCode } from "./cases.ts";

/**
 * Documented by squawk: adding-foreign-key-constraint, constraint-missing-not-valid (for checks, and for validating in
 * the same transaction), disallowed-unique-constraint, adding-serial-primary-key-field, adding-not-nullable-field,
 * adding-required-field, ban-create-domain-with-constraint, ban-alter-domain-with-add-constraint, prefer-bigint-over-int
 * and -smallint (here for primary keys only).
 * Documented by strong_migrations: foreign keys, checks, unique and exclusion constraints, setting NOT NULL, json columns.
 * From PostgreSQL's own pages: which checks prove that a column holds no null, and where an identity begins to count.
 */
function check(condition: string): string {
  return `alter table app.t add constraint c check (${condition}) not valid`;
}

export const constraints: CasesByCode = {
  "add-foreign-key-without-not-valid": {
    flagged: [
      "alter table app.t add constraint f foreign key (a) references app.u",
      "alter table app.t add foreign key (a) references app.u (id) on delete cascade",
      "alter table app.t add column a bigint references app.u",
      "create table app.u (id bigint primary key); alter table app.t add foreign key (a) references app.u",
    ],
    fine: [
      "alter table app.t add constraint f foreign key (a) references app.u not valid",
      "alter table app.t add constraint f foreign key (a) references app.u not enforced",
      "alter table app.t validate constraint f",
      "create table app.v (a bigint references app.u)",
      "create table app.v (a bigint); alter table app.v add foreign key (a) references app.u",
    ],
  },
  "add-check-without-not-valid": {
    flagged: [
      "alter table app.t add constraint c check (a > 0)",
      "alter table app.t add check (a > 0) no inherit",
      "alter table app.t add column a int check (a > 0)",
      "alter table app.t add column a int default 5 constraint c check (a > 0)",
    ],
    fine: [
      "alter table app.t add constraint c check (a > 0) not valid",
      "alter table app.t add constraint c check (a > 0) not enforced",
      "alter table app.t validate constraint c",
      "create table app.u (a int check (a > 0))",
      "create table app.u (a int); alter table app.u add check (a > 0)",
    ],
  },
  "add-unique-without-index": {
    flagged: [
      "alter table app.t add constraint u unique (a)",
      "alter table app.t add unique (a, b)",
      "alter table app.t add unique nulls not distinct (a)",
      "alter table app.t add column a int unique",
    ],
    fine: [
      "alter table app.t add constraint u unique using index i",
      "create unique index concurrently i on app.t (a)",
      "create table app.u (a int unique)",
      "create table app.u (a int); alter table app.u add unique (a)",
    ],
  },
  "add-primary-key-without-index": {
    flagged: [
      "alter table app.t add primary key (id)",
      "alter table app.t add constraint p primary key (a, b)",
      "alter table app.t add column id bigint primary key",
      "alter table only app.t add constraint p primary key (id) include (a)",
    ],
    fine: [
      "alter table app.t add constraint p primary key using index i",
      "create table app.u (id bigint primary key)",
      "create table app.u (id bigint); alter table app.u add primary key (id)",
      "alter table app.t drop constraint p",
    ],
  },
  "add-exclusion-constraint": {
    flagged: [
      "alter table app.t add constraint e exclude using gist (during with &&)",
      "alter table app.t add exclude using gist (room with =, during with &&)",
      "alter table app.t add exclude using gist (room with =) where (a > 0)",
      "alter table app.t add column a int, add exclude using gist (room with =)",
    ],
    fine: [
      "create table app.u (during tstzrange, exclude using gist (during with &&))",
      "create table app.u (r tstzrange); alter table app.u add exclude using gist (r with &&)",
      "alter table app.t drop constraint e",
      "create index concurrently e on app.t using gist (during)",
    ],
  },
  "set-not-null-without-check": {
    flagged: [
      "alter table app.t alter column a set not null",
      "alter table app.t alter a set not null, alter b set not null",
      "alter table app.t validate constraint c, alter column a set not null",
      "alter table app.t validate constraint c; alter table app.t alter column a set not null",
      `${check("a > 0")}; alter table app.t validate constraint c; alter table app.t alter column a set not null`,
      `${check("b is not null")}; alter table app.t validate constraint c; alter table app.t alter column a set not null`,
      `${check("a is not null or b > 0")}; alter table app.t validate constraint c; alter table app.t alter column a set not null`,
      `${check("a is not null")}; alter table app.t alter column a set not null`,
      `${check("a is not null")}; alter table app.t validate constraint c; alter table app.t drop constraint c; alter table app.t alter column a set not null`,
      "alter table app.t add constraint c foreign key (a) references app.u not valid; alter table app.t validate constraint c; alter table app.t alter column a set not null",
      "alter table app.u validate constraint c; alter table app.t alter column a set not null",
      "alter table app.t add constraint n not null a",
    ],
    fine: [
      `${check("a is not null")}; alter table app.t validate constraint c; alter table app.t alter column a set not null; alter table app.t drop constraint c`,
      `${check("b > 0 and t.a is not null")}; alter table app.t validate constraint c; alter table app.t alter column a set not null`,
      "alter table app.t add constraint n not null a not valid; alter table app.t validate constraint n; alter table app.t alter column a set not null",
      "alter table app.t alter column a drop not null",
      "alter table app.t add constraint n not null a not valid",
      "alter table app.t add column a int not null default 0",
      "create table app.u (a int); alter table app.u alter column a set not null",
    ],
  },
  "add-required-column": {
    flagged: [
      "alter table app.t add column a int not null",
      "alter table app.t add column if not exists a text not null check (a <> '')",
      "alter table app.t add column a int default null not null",
      "alter table app.t add column a int, add column b int not null",
    ],
    fine: [
      "alter table app.t add column a int",
      "alter table app.t add column a int not null default 0",
      "alter table app.t add column a int default 0 not null",
      "alter table app.t add column a bigserial not null",
      "alter table app.t add column a int not null generated always as (b) stored",
      "create table app.u (a int not null)",
      "create table app.u (); alter table app.u add column a int not null",
    ],
  },
  "validate-in-same-transaction": {
    flagged: [
      "alter table app.t add constraint c check (a > 0) not valid; alter table app.t validate constraint c",
      "alter table app.t add constraint c check (a > 0) not valid, validate constraint c",
      "alter table app.t add constraint f foreign key (a) references app.u not valid; select 1; alter table app.t validate constraint f",
      "begin; alter table app.t add constraint c check (a > 0) not valid; alter table app.t validate constraint c; commit",
    ],
    fine: [
      "alter table app.t validate constraint c",
      "alter table app.t add constraint c check (a > 0) not valid; alter table app.t validate constraint d",
      "alter table app.t add constraint c check (a > 0) not valid; alter table app.u validate constraint c",
      "begin; alter table app.t add constraint c check (a > 0) not valid; commit; alter table app.t validate constraint c",
      "create table app.u (a int); alter table app.u add constraint c check (a > 0) not valid; alter table app.u validate constraint c",
    ],
  },
  "create-domain-with-check": {
    flagged: [
      "create domain app.d as text check (value <> '')",
      "create domain app.d as text not null",
      "create domain app.d text default 'x' constraint c check (length(value) < 9)",
      "create domain app.d as int not null check (value > 0)",
    ],
    fine: [
      "create domain app.d as text",
      "create domain app.d as text default 'x'",
      "create domain app.d as text null",
      "create type app.c as (a int)",
    ],
  },
  "change-domain-without-not-valid": {
    flagged: [
      "alter domain app.d add constraint c check (value > 0)",
      "alter domain app.d add check (value > 0)",
      "alter domain app.d set not null",
    ],
    fine: [
      "alter domain app.d add constraint c check (value > 0) not valid",
      "alter domain app.d validate constraint c",
      "alter domain app.d drop not null",
      "alter domain app.d set default 1",
    ],
  },
  "add-identity": {
    flagged: [
      "alter table app.t alter column id add generated always as identity",
      "alter table app.t alter id add generated by default as identity",
      "alter table app.t alter id add generated by default as identity (increment by 2)",
      "alter table app.t alter id add generated always as identity (start with 1000000)",
    ],
    fine: [
      "alter table app.t alter id add generated by default as identity (start with 1000000)",
      "alter table app.t alter id drop identity",
      "create table app.u (id bigint not null); alter table app.u alter id add generated always as identity",
      "create table app.u (id bigint generated always as identity)",
    ],
  },
  "json-column": {
    flagged: [
      "alter table app.t add column a json",
      "create table app.u (id bigint primary key, a json not null)",
      "alter table app.t add column a json[]",
      "alter table app.t alter column a type json using a::json",
      "create table app.u (); alter table app.u add column a pg_catalog.json",
    ],
    fine: [
      "alter table app.t add column a jsonb",
      "create table app.u (id bigint primary key, a jsonb)",
      "alter table app.t alter column a type jsonb using a::jsonb",
      "update app.t set a = b::json where id = 1",
      "create function app.f(a json) returns json language sql return a",
    ],
  },
  "narrow-primary-key": {
    flagged: [
      "create table app.u (id int primary key)",
      "create table app.u (id serial primary key, a text)",
      "create table app.u (id smallint generated always as identity, primary key (id))",
      "create table app.u (id int4, a text, constraint p primary key (id))",
      "alter table app.t add column id serial primary key",
    ],
    fine: [
      "create table app.u (id bigint primary key)",
      "create table app.u (id bigserial primary key, a int)",
      "create table app.u (a int, b int, primary key (a, b))",
      "create table app.u (id uuid primary key)",
      "create table app.u (id text, n int, primary key (id))",
      "alter table app.t add column n int",
    ],
  },
};
