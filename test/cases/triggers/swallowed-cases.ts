import {
  defineJob,
  defineSqlJob,
  deleteFrom,
  insertInto,
  type Job,
  move,
  rowsOf,
  sql,
  table,
  update,
} from "tidefill";

export const things = table("things", {
  key: "id",
  columns: { id: "bigint", archived: "boolean", n: "integer?" },
});
export const others = table("others", { key: "id", columns: { id: "bigint", n: "integer?" } });

/** A thousand rows. `hold()`, as a trigger, swallows the writes of every second row. */
export const setup = `
    create table things (id bigint primary key, archived boolean not null, n integer);
    create table others (id bigint primary key, n integer);
    create function hold() returns trigger language plpgsql as
      'begin if (case tg_op when ''INSERT'' then new.id else old.id end) % 2 = 0 then return null; end if;
       return case tg_op when ''DELETE'' then old else new end; end';
    insert into things select g, g % 2 = 0, null from generate_series(1, 1000) g;
    analyze things`;

const pending = sql`n is null`;

/** A job whose writes a trigger swallows. */
interface Case {
  readonly verb: "insert" | "update" | "delete";
  readonly on: string;
  readonly job: Job;
  /** what is true at the end, when all rows are done */
  readonly done: string;
}

const notThere = sql`not exists (select from others o where o.id = things.id)`;
export const cases: Readonly<Record<string, Case>> = {
  "a row job updates": {
    verb: "update",
    on: "things",
    job: defineJob({
      name: "w",
      source: rowsOf(things),
      transform: () => ({ n: 1 }),
      sink: update(things, ["n"]),
    }),
    done: "(select count(*) from things where n = 1) = 1000",
  },
  "a row job with pending updates": {
    verb: "update",
    on: "things",
    job: defineJob({
      name: "w",
      source: rowsOf(things, { pending }),
      transform: () => ({ n: 1 }),
      sink: update(things, ["n"]),
    }),
    done: "(select count(*) from things where n = 1) = 1000",
  },
  "an SQL job updates": {
    verb: "update",
    on: "things",
    job: defineSqlJob({
      name: "w",
      source: rowsOf(things, { where: sql`true` }),
      sink: update(things, { n: sql`1` }),
    }),
    done: "(select count(*) from things where n = 1) = 1000",
  },
  "an SQL job with pending updates": {
    verb: "update",
    on: "things",
    job: defineSqlJob({
      name: "w",
      source: rowsOf(things, { pending }),
      sink: update(things, { n: sql`1` }),
    }),
    done: "(select count(*) from things where n = 1) = 1000",
  },
  "a row job deletes": {
    verb: "delete",
    on: "things",
    job: defineJob({
      name: "w",
      source: rowsOf(things, { where: sql`true` }),
      transform: (row) => row,
      sink: deleteFrom(things),
    }),
    done: "not exists (select from things)",
  },
  "an SQL job deletes": {
    verb: "delete",
    on: "things",
    job: defineSqlJob({ name: "w", source: rowsOf(things, { where: sql`true` }), sink: deleteFrom(things) }),
    done: "not exists (select from things)",
  },
  "a row job inserts": {
    verb: "insert",
    on: "others",
    job: defineJob({
      name: "w",
      source: rowsOf(things),
      transform: ({ id }) => ({ id, n: 1 }),
      sink: insertInto(others, ["id", "n"]),
    }),
    done: "(select count(*) from others) = 1000",
  },
  "a row job with pending inserts": {
    verb: "insert",
    on: "others",
    job: defineJob({
      name: "w",
      source: rowsOf(things, { pending: notThere }),
      transform: ({ id }) => ({ id, n: 1 }),
      sink: insertInto(others, ["id", "n"]),
    }),
    done: "(select count(*) from others) = 1000",
  },
  "an SQL job inserts": {
    verb: "insert",
    on: "others",
    job: defineSqlJob({
      name: "w",
      source: rowsOf(things),
      sink: insertInto(others, { id: sql`id`, n: sql`1` }),
    }),
    done: "(select count(*) from others) = 1000",
  },
  "a row job upserts": {
    verb: "insert",
    on: "others",
    job: defineJob({
      name: "w",
      source: rowsOf(things),
      transform: ({ id }) => ({ id, n: 1 }),
      sink: insertInto(others, ["id", "n"], { onConflict: { target: ["id"], do: "update", columns: ["n"] } }),
    }),
    done: "(select count(*) from others) = 1000",
  },
  "an SQL job inserts what is not there": {
    verb: "insert",
    on: "others",
    job: defineSqlJob({
      name: "w",
      source: rowsOf(things),
      sink: insertInto(others, { id: sql`id`, n: sql`1` }, { onConflict: { target: ["id"], do: "nothing" } }),
    }),
    done: "(select count(*) from others) = 1000",
  },
  "a row job moves, and rows stay": {
    verb: "delete",
    on: "things",
    job: defineJob({
      name: "w",
      source: rowsOf(things, { where: sql`true` }),
      transform: ({ id }) => ({ id, n: 1 }),
      sink: move(things, insertInto(others, ["id", "n"])),
    }),
    done: "not exists (select from things) and (select count(*) from others) = 1000",
  },
  "an SQL job moves, and rows stay": {
    verb: "delete",
    on: "things",
    job: defineSqlJob({
      name: "w",
      source: rowsOf(things, { where: sql`true` }),
      sink: move(things, insertInto(others, { id: sql`id`, n: sql`1` })),
    }),
    done: "not exists (select from things) and (select count(*) from others) = 1000",
  },
};
