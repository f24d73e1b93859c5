import {
  type ColumnType,
  defineJob,
  defineSqlJob,
  deleteFrom,
  insertInto,
  RefusedError,
  rowsOf,
  runJob,
  sql,
  table,
  undoRun,
  update,
} from "tidefill";
import { afterEach, beforeEach, expect, inject, test, vi } from "vitest";
import { createTestDatabase, useDatabase } from "../../support/database.ts";
import { emptyStore } from "../../support/empty-store.ts";

const database = useDatabase();
const options = () => ({ connectionString: database.url, again: true, workers: 1 });
// A pooler keeps the settings of sessions that began earlier.
const isPooled = inject("poolerUrl") !== null;

beforeEach(async () => {
  await database.query(`
    ${emptyStore};
    drop table if exists t, u;
    create extension if not exists pgcrypto`);
});
afterEach(() => vi.unstubAllEnvs());

test.skipIf(isPooled)(
  "money keeps its value in a database whose currency has no decimals (A6)",
  async (context) => {
    const isKnown = await database.query("set lc_monetary = 'ja_JP.UTF-8'; reset lc_monetary").then(
      () => true,
      () => false,
    );
    context.skip(!isKnown, "localedef -i ja_JP -f UTF-8 ja_JP.UTF-8");
    await database.query(`alter database ${database.name} set lc_monetary = 'ja_JP.UTF-8'`);
    await database.query(`
    set lc_monetary = 'ja_JP.UTF-8';
    create table t (id bigint primary key, price money, amount numeric, told text);
    insert into t values (1, '1234', null, null);
    reset lc_monetary`);
    const t = table("t", {
      key: "id",
      columns: { id: "bigint", price: "text?", amount: "numeric?", told: "text?" },
    });
    await runJob(
      defineSqlJob({ name: "by-sql", source: rowsOf(t), sink: update(t, { amount: sql`price::numeric` }) }),
      options(),
    );
    await runJob(
      defineJob({
        name: "by-rows",
        source: rowsOf(t),
        transform: ({ price }) => ({ told: price, price: "5678" }),
        sink: update(t, ["told", "price"]),
      }),
      options(),
    );
    await database.query("set lc_monetary = 'ja_JP.UTF-8'");
    const client = await database.pool.connect();
    await client.query("set lc_monetary = 'ja_JP.UTF-8'");
    const { rows: found } = await client.query(
      "select amount, price::numeric, told like '%1,234' as as_psql from t",
    );
    client.release(true);
    await database.query(`alter database ${database.name} reset lc_monetary`);
    expect(found).toEqual([{ amount: "1234", price: "5678", as_psql: true }]);
  },
);

const prolog = `<?xml version="1.0" encoding="UTF-8"?><a/>`;

test("an xml keeps its declaration (A12)", async () => {
  await database.query(
    "create table t (id bigint primary key, x xml); create table u (like t including all)",
  );
  await database.query("insert into t values (1, $1)", [prolog]);
  const t = table("t", { key: "id", columns: { id: "bigint", x: "text?" } });
  const before = await database.query("select xmin, x::text from t");
  const identity = defineJob({
    name: "identity",
    source: rowsOf(t),
    transform: ({ x }) => {
      expect(x).toBe(prolog);
      return { x };
    },
    sink: update(t, ["x"]),
  });
  expect(await runJob(identity, options())).toMatchObject({ rows: { written: 0, unchanged: 1 } });
  expect(await database.query("select xmin, x::text from t")).toEqual(before);
});

test("an xml with its declaration comes back from an encrypted undo log (A12)", async () => {
  vi.stubEnv("TIDEFILL_UNDO_KEY", "a key of the operator's own");
  await database.query("create table t (id bigint primary key, x xml)");
  await database.query("insert into t values (1, $1)", [prolog]);
  const t = table("t", { key: "id", columns: { id: "bigint", x: "text?" }, personalData: ["x"] });
  const change = defineJob({
    name: "change",
    source: rowsOf(t),
    transform: () => ({ x: `<?xml version="1.0"?><b/>` }),
    sink: update(t, ["x"]),
  });
  const { run } = await runJob(change, options());
  expect(await undoRun(String(run), options())).toMatchObject({ rows: { written: 1, conflicted: 0 } });
  expect(await database.query("select x::text from t")).toEqual([{ x: prolog }]);
});

async function refusalOf(ddl: string, type: ColumnType, isPersonal = false): Promise<RefusedError> {
  await database.query(`create table t (id bigint primary key, v ${ddl})`);
  const t = table("t", { key: "id", columns: { id: "bigint", v: type } });
  const job = defineJob({
    name: "refused",
    source: rowsOf(t),
    transform: ({ v }) => ({ v }) as never,
    sink: update(t, ["v"]),
  });
  const error = await runJob({ ...job, personalData: isPersonal }, options()).catch((each: unknown) => each);
  expect(error).toBeInstanceOf(RefusedError);
  expect((error as RefusedError).remedy).toBeTruthy();
  return error as RefusedError;
}

test("values that cannot be carried as text are refused by name before anything is written", async () => {
  await database.query("drop type if exists pair; create type pair as (a xml, b text)");
  expect(await refusalOf("pair", "text?")).toMatchObject({
    check: "values-can-be-carried",
    message:
      "public.t.v (pair) contains an xml, which PostgreSQL prints without its declaration: it would not come back unchanged.",
  });
  await database.query("drop table t");
  expect(await refusalOf("box[]", "text[]?")).toMatchObject({
    check: "values-can-be-carried",
    remedy: `Write v: "text" in the table's description.`,
  });
  await database.query("drop table t");
  vi.stubEnv("TIDEFILL_UNDO_KEY", "a key of the operator's own");
  expect((await refusalOf("money[]", "text[]?", true)).message).toContain("contains money");
});

test("in a SQL_ASCII database a row job reports invalid bytes before it begins, and an SQL job does such rows (D5)", async () => {
  const latin = await createTestDatabase("encoding 'SQL_ASCII' locale 'C'");
  try {
    await latin.query("create table t (id bigint primary key, s text, n integer)");
    await latin.query("insert into t select g, 'plain é ' || g from generate_series(1, 20) g");
    await latin.query(String.raw`update t set s = E'\351t\351' where id = 7`);
    const t = table("t", { key: "id", columns: { id: "bigint", s: "text?", n: "integer?" } });
    const at = { connectionString: latin.url, again: true, workers: 1 };
    const source = rowsOf(t, { read: ["s"] });
    const transform = ({ s }: { readonly s: string | null }) => ({ n: s?.length ?? 0 });
    const job = defineJob({ name: "by-rows", source, transform, sink: update(t, ["n"]) });
    const refused = await runJob(job, at).catch((error: unknown) => error);
    expect(refused).toMatchObject({
      check: "bytes-are-text",
      message:
        "This database is SQL_ASCII, and public.t.s holds bytes that are not UTF-8: no transform can read them.",
      remedy: expect.stringMatching(/defineSqlJob.*convert_from\(convert\(/),
    });
    const others = rowsOf(t, { read: ["s"], where: sql`id <> 7` });
    const rest = defineJob({ name: "others", source: others, transform, sink: update(t, ["n"]) });
    expect(await runJob(rest, at)).toMatchObject({ rows: { written: 19, rejected: 0 } });
    const bySql = defineSqlJob({ name: "by-sql", source: rowsOf(t), sink: update(t, { n: sql`length(s)` }) });
    expect(await runJob(bySql, at)).toMatchObject({ status: "succeeded", rows: { rejected: 0 } });
  } finally {
    await latin.drop();
  }
});

test("in a SQL_ASCII database a row with unforeseen invalid bytes is a reject that says so (D5)", async () => {
  const latin = await createTestDatabase("encoding 'SQL_ASCII' locale 'C'");
  try {
    await latin.query("create table t (id bigint primary key, s text, n integer)");
    await latin.query("insert into t select g, 'plain ' || g from generate_series(1, 3000) g");
    await latin.query(String.raw`update t set s = E'\351' where id = 2999`);
    const t = table("t", { key: "id", columns: { id: "bigint", s: "text?", n: "integer?" } });
    const job = defineJob({
      name: "by-rows",
      source: rowsOf(t, { read: ["s"] }),
      transform: ({ s }) => ({ n: s?.length ?? 0 }),
      sink: update(t, ["n"]),
    });
    const report = await runJob(job, { connectionString: latin.url, workers: 1 });
    expect(report).toMatchObject({ status: "succeeded", rows: { written: 2999, rejected: 1 } });
    expect(await latin.query("select key, reason from tidefill.reject")).toEqual([
      { key: ["2999"], reason: "bytes that are not valid text in the client's encoding, UTF-8" },
    ]);
  } finally {
    await latin.drop();
  }
});

test("in a SQL_ASCII database a text key with invalid bytes is refused, and the remedy mends it (D5)", async () => {
  const latin = await createTestDatabase("encoding 'SQL_ASCII' locale 'C'");
  try {
    await latin.query("create table t (code text primary key, n integer)");
    await latin.query("insert into t select 'plain ' || g from generate_series(1, 20) g");
    await latin.query(String.raw`insert into t values (E'\351t\351')`);
    const t = table("t", { key: "code", columns: { code: "text", n: "integer?" } });
    const job = defineSqlJob({ name: "fill", source: rowsOf(t), sink: update(t, { n: sql`1` }) });
    const refused = (await runJob(job, { connectionString: latin.url }).catch(
      (e: unknown) => e,
    )) as RefusedError;
    expect(refused.message).toBe(
      "This database is SQL_ASCII, and the key public.t.code holds bytes that are not UTF-8: no range can be planned over them.",
    );
    const [mend = ""] = /update .*?(?= where)/.exec(refused.remedy ?? "") ?? [];
    await latin.query(String.raw`${mend} where code like E'\351%'`);
    expect(await runJob(job, { connectionString: latin.url })).toMatchObject({ rows: { written: 21 } });
    expect(await latin.query("select code from t where code not like 'plain%'")).toEqual([{ code: "été" }]);
  } finally {
    await latin.drop();
  }
});

test("an xml keeps its declaration in another table, and when moved there and back (A12)", async () => {
  await database.query(
    "create table t (id bigint primary key, x xml); create table u (like t including all)",
  );
  await database.query("insert into t values (1, $1)", [prolog]);
  const columns = { id: "bigint", x: "text?" } as const;
  const [t, u] = [table("t", { key: "id", columns }), table("u", { key: "id", columns })];
  const copy = defineJob({
    name: "copy",
    source: rowsOf(t),
    transform: (row) => row,
    sink: insertInto(u, ["id", "x"]),
  });
  await runJob(copy, options());
  expect(await database.query("select x::text from u")).toEqual([{ x: prolog }]);
  const { run } = await runJob(
    defineSqlJob({ name: "remove", source: rowsOf(t), sink: deleteFrom(t) }),
    options(),
  );
  await undoRun(String(run), options());
  expect(await database.query("select x::text from t")).toEqual([{ x: prolog }]);
});
