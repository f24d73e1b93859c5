import { test } from "vitest";
import { defineJob, defineSqlJob, resumeRun, rowsOf, runJob, sql, table, update } from "tidefill";
import { z } from "zod";
import { useDatabase } from "../support/database.ts";
const database = useDatabase();
const url = () => ({ connectionString: database.url, again: true, workers: 1 });
async function attempt(label: string, work: () => Promise<unknown>) {
  try { console.log(label, "=>", await work()); } catch (error) { console.log(label, "THREW", (error as Error).constructor.name, (error as Error).message, (error as any).remedy); }
}
const rejects = () => database.query("select key, sqlstate, reason from tidefill.reject where run_id = (select max(id) from tidefill.run)");
test("json", async () => {
  await database.query(`create table j (id bigint primary key, a jsonb, b jsonb not null default 'null')`);
  await database.query(`insert into j values (1, 'null', 'null'), (2, '1e400', '{"x":1e400}'), (3, null, '1')`);
  const t = table("j", { key: "id", columns: { id: "bigint", a: "jsonb?", b: "jsonb" } });
  await attempt("identity", async () => { const r = await runJob(defineJob({ name: "id", source: rowsOf(t), transform: ({a,b}) => ({a,b}), sink: update(t, ["a", "b"]) }), url()); return [r.status, r.message, r.rows, await database.query("select id, a::text, a is null as isnull, b::text from j order by 1"), await rejects()]; });
  await attempt("bigint in json", async () => { const r = await runJob(defineJob({ name: "id2", source: rowsOf(t), transform: (row) => ({a: (row.id === 2n ? { x: 5n } : { x: 1}) as never}), sink: update(t, ["a"]) }), url()); return [r.status, r.message, r.rows, await rejects()]; });
  await attempt("NaN in json", async () => { const r = await runJob(defineJob({ name: "id3", source: rowsOf(t), transform: () => ({a: { x: Number.NaN }}), sink: update(t, ["a"]) }), url()); return [r.status, r.rows, await database.query("select a::text from j")]; });
  await attempt("null in not-null jsonb", async () => { const r = await runJob(defineJob({ name: "id4", source: rowsOf(t), transform: () => ({b: null}), sink: update(t, ["b"]) }), url()); return [r.status, r.rows, await rejects()]; });
});
test("domain", async () => {
  await database.query(`create domain short as varchar(3); create domain bits as bit(3); create domain chars as char(3); create domain arr as varchar(3)[]; create table d (id bigint primary key, s short, v varchar(3), b bits, c chars, bb bit(3), a arr, vs varchar(3)[], cc char(3))`);
  await database.query(`insert into d select g from generate_series(1,1) g`);
  const t = table("d", { key: "id", columns: { id: "bigint", s: "text?", v: "varchar?", b: "text?", c: "text?", bb: "text?", a: "text[]?", vs: "varchar[]?", cc: "char?" } });
  for (const [column, value] of [["s", "abcd"], ["v", "abcd"], ["b", "1111"], ["c", "abcd"], ["bb", "1111"], ["a", ["abcd"]], ["vs", ["abcd"]], ["cc", "abcd"]] as const) {
    await attempt(column, async () => { const r = await runJob(defineJob({ name: `d-${column}`, source: rowsOf(t), transform: () => ({ [column]: value }) as never, sink: update(t, [column]) }), url()); return [r.status, r.rows.written, r.rows.rejected, (await database.query(`select ${column}::text as v from d`))[0], await rejects()]; });
  }
});
test("arrays", async () => {
  await database.query(`create table a (id bigint primary key, x integer[], bx box[])`);
  await database.query(`insert into a values (1, '[0:2]={1,2,3}', array[box '(1,1),(0,0)', box '(2,2),(1,1)'])`);
  const t = table("a", { key: "id", columns: { id: "bigint", x: "integer[]?", bx: "text[]?" } });
  await attempt("bounds", async () => { const r = await runJob(defineJob({ name: "bounds", source: rowsOf(t), transform: ({x}) => ({ x }), sink: update(t, ["x"]) }), url()); return [r.status, r.rows, await database.query("select x::text from a"), await rejects()]; });
  await attempt("box", async () => { const r = await runJob(defineJob({ name: "box", source: rowsOf(t), transform: ({bx}) => ({ bx }), sink: update(t, ["bx"]) }), url()); return [r.status, r.rows, await database.query("select bx::text from a"), await rejects()]; });
});
test("typmods", async () => {
  await database.query(`create table m (id bigint primary key, x numeric(10,2) default 1.5, c char(5) default 'ab', t timestamptz(0) default now())`);
  await database.query(`insert into m (id) values (1)`);
  const t = table("m", { key: "id", columns: { id: "bigint", x: "numeric?", c: "char?" } });
  await attempt("numeric", async () => { const r = await runJob(defineJob({ name: "numeric", source: rowsOf(t), transform: () => ({ x: "1.5" }), sink: update(t, ["x"]) }), url()); return r.rows; });
  await attempt("char", async () => { const r = await runJob(defineJob({ name: "char", source: rowsOf(t), transform: () => ({ c: "ab" }), sink: update(t, ["c"]) }), url()); return r.rows; });
});
test("sql where", async () => {
  await database.query(`create type mood as enum ('a'); create table w (id bigint primary key, n integer not null default 0, m mood)`);
  await database.query(`insert into w select g from generate_series(1,10) g`);
  const t = table("w", { key: "id", columns: { id: "bigint", n: "integer", m: "text?" } });
  await attempt("where n = 0", async () => (await runJob(defineSqlJob({ name: "where", source: rowsOf(t, { where: sql`n = 0` }), sink: update(t, { n: sql`n + 1` }) }), url())).rows);
  await attempt("comment", async () => (await runJob(defineSqlJob({ name: "comment", source: rowsOf(t, { where: sql`n = 1 -- those` }), sink: update(t, { n: sql`n + 1` }) }), url())).rows);
  await attempt("syntax where", async () => (await runJob(defineSqlJob({ name: "syntax", source: rowsOf(t, { where: sql`n = = 1` }), sink: update(t, { n: sql`n + 1` }) }), url())).rows);
  await attempt("syntax expression", async () => (await runJob(defineSqlJob({ name: "syntax2", source: rowsOf(t), sink: update(t, { n: sql`nope + 1` }) }), url())).rows);
  await attempt("enum literal", async () => (await runJob(defineSqlJob({ name: "enumlit", source: rowsOf(t, { where: sql`m = 'happpy'` }), sink: update(t, { n: sql`n + 1` }) }), url())).rows);
  await attempt("enum value", async () => (await runJob(defineSqlJob({ name: "enumval", source: rowsOf(t, { where: sql`m = ${"happpy"}` }), sink: update(t, { n: sql`n + 1` }) }), url())).rows);
  await attempt("division", async () => (await runJob(defineSqlJob({ name: "division", source: rowsOf(t, { where: sql`n = 1/0` }), sink: update(t, { n: sql`n + 1` }) }), url())).rows);
  await attempt("wrong type expr", async () => (await runJob(defineSqlJob({ name: "wrongtype", source: rowsOf(t), sink: update(t, { n: sql`now()` }) }), url())).rows);
  console.log(await database.query("select id, job, status from tidefill.run order by 1"));
});
test("constants", async () => {
  const t = table("w", { key: "id", columns: { id: "bigint", n: "integer" } });
  const job = (limit: number) => defineSqlJob({ name: "limited", source: rowsOf(t, { where: sql`id < ${limit}` }), sink: update(t, { n: sql`n + 1` }) });
  await runJob(job(3), { ...url(), signal: AbortSignal.abort() });
  await attempt("resume with another constant", () => resumeRun(job(9), "limited", url()));
});
test("parameters", async () => {
  const t = table("w", { key: "id", columns: { id: "bigint", n: "integer" } });
  const specs = { bytea: Buffer.from("ab"), "double precision": Number.POSITIVE_INFINITY, "bigint[]": [1n, 2n], bigint: 5n, "text[]": ["a"], jsonb: { a: 1 }, timestamptz: "2024-01-01", "jsonb text": "{}", date: "2024-01-01", "boolean": true, integer: 4, real: 1.5, "json": "abc" } as const;
  for (const [type, value] of Object.entries(specs)) {
    const name = `p-${type.replaceAll(/[^a-z]+/g, "-")}x`;
    const seen: unknown[] = [];
    const job = defineJob({ name, parameters: { p: type as never }, source: ({ parameters }) => { seen.push((parameters as any).p); return rowsOf(t); }, transform: () => ({ n: 1 }), sink: update(t, ["n"]) });
    await attempt(`parameter ${type}`, async () => { await runJob(job, { ...url(), parameters: { p: value }, signal: AbortSignal.abort() }); const before = seen.at(-1); const r = await resumeRun(job, name, url()); return [r.status, before, seen.at(-1)]; });
  }
  const zodded = defineJob({ name: "zodded", parameters: z.object({ since: z.date() }), source: rowsOf(t), transform: () => ({ n: 1 }), sink: update(t, ["n"]) });
  await attempt("zod date", async () => { await runJob(zodded, { ...url(), parameters: { since: new Date() }, signal: AbortSignal.abort() }); return (await resumeRun(zodded, "zodded", url())).status; });
});
