import { sql as drizzleSql, eq, isNull, not } from "drizzle-orm";
import { bigint, integer, PgDialect, pgTable, text } from "drizzle-orm/pg-core";
import {
  DummyDriver,
  Kysely,
  sql as kyselySql,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
} from "kysely";
import { asSql, defineSqlJob, rowsOf, runJob, type SqlLike, sql, sqlThrottle, table, update } from "tidefill";
import { beforeEach, expect, test } from "vitest";
import { useDatabase } from "../../support/database.ts";
import { emptyStore } from "../../support/empty-store.ts";

const database = useDatabase();
const essays = table("essay", {
  key: "id",
  columns: { id: "bigint", author: "text", words: "integer?", content: "text" },
});

beforeEach(async () => {
  await database.query(`${emptyStore}; drop table if exists essay`);
  await database.query(
    "create table essay (id bigint primary key, author text not null, content text not null, words integer)",
  );
  await database.query(`
    insert into essay select g, case when g % 2 = 0 then 'o''neill $1' else 'other' end, repeat('word ', g::int) from generate_series(1, 50) g`);
});

/** Runs the same job with SQL from different builders. */
async function requireDone(given: {
  readonly where: SqlLike;
  readonly pending: SqlLike;
  readonly words: SqlLike;
  readonly lost: SqlLike;
  readonly queue: SqlLike;
}): Promise<void> {
  const job = defineSqlJob({
    name: "count-words",
    source: rowsOf(essays, { where: given.where, pending: given.pending }),
    sink: update(essays, { words: given.words }),
    integrity: [{ name: "no essay has lost its words", query: given.lost }],
    throttles: [sqlThrottle({ name: "queue", query: given.queue, max: 10 })],
  });
  const report = await runJob(job, { connectionString: database.url });
  expect(report).toMatchObject({ status: "succeeded", rows: { written: 25 }, broken: [] });
  expect(
    await database.query(
      "select count(*)::int as n from essay where words = case when id % 2 = 0 then id + 5 end",
    ),
  ).toEqual([{ n: 25 }]);
  expect(await database.query("select count(*)::int as n from essay where words is null")).toEqual([
    { n: 25 },
  ]);
}

test("a job of queries compiled by Kysely does its work", async () => {
  interface Row {
    readonly id: string;
    readonly author: string;
    readonly words: number | null;
    readonly content: string;
  }
  const db = new Kysely<{ readonly essay: Row }>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (kysely) => new PostgresIntrospector(kysely),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  });
  await requireDone({
    where: kyselySql<boolean>`author = ${"o'neill $1"}`.compile(db),
    pending: kyselySql<boolean>`${kyselySql.ref("words")} is null`.compile(db),
    words: kyselySql<number>`cardinality(string_to_array(content, ${" "})) - 1 + ${5}`.compile(db),
    lost: db.selectFrom("essay").select("id").where("words", "<", 0).where("author", "=", "other").compile(),
    queue: db.selectNoFrom(kyselySql<number>`${3}::integer`.as("n")).compile(),
  });
  const theirs = db.selectFrom("essay").select("id").where("author", "=", "other").limit(3).compile();
  const again = defineSqlJob({
    name: "mark",
    source: rowsOf(essays, { where: sql`id in (${asSql(theirs)}) and id > ${0}` }),
    sink: update(essays, { words: sql`${-1}` }),
  });
  expect(await runJob(again, { connectionString: database.url })).toMatchObject({ rows: { written: 3 } });
});

test("a job of queries built by Drizzle does its work", async () => {
  const essay = pgTable("essay", {
    id: bigint({ mode: "bigint" }).primaryKey(),
    author: text(),
    content: text(),
    words: integer(),
  });
  const dialect = new PgDialect();
  const built = (piece: Parameters<PgDialect["sqlToQuery"]>[0] | undefined): SqlLike => {
    if (piece === undefined) throw new Error("Drizzle has built nothing.");
    return dialect.sqlToQuery(piece);
  };
  await requireDone({
    where: built(eq(essay.author, "o'neill $1")),
    pending: built(isNull(essay.words)),
    words: built(drizzleSql`cardinality(string_to_array(${essay.content}, ${" "})) - 1 + ${5}`),
    lost: built(drizzleSql`select id from ${essay} where ${not(drizzleSql`${essay.words} > ${0}`)}`),
    queue: built(drizzleSql`select ${3}::integer`),
  });
});
