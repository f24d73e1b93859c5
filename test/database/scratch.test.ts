import { defineJob, defineSqlJob, resumeRun, rowsOf, runJob, sql, table, update } from "tidefill";
import { test } from "vitest";
import { z } from "zod";
import { useDatabase } from "../support/database.ts";

const database = useDatabase();
const url = () => ({ connectionString: database.url, again: true, workers: 1, signal: AbortSignal.timeout(4000) });
async function attempt(label: string, work: () => Promise<unknown>) {
  try {
    console.log(label, "=>", await work());
  } catch (error) {
    console.log(
      label,
      "THREW",
      (error as Error).constructor.name,
      (error as Error).message,
      (error as any).remedy,
    );
  }
}
const rejects = () =>
  database.query(
    "select key, sqlstate, reason from tidefill.reject where run_id = (select max(id) from tidefill.run)",
  );

test("domain", async () => {
  await database.query(`create domain short as varchar(3); create domain bits as bit(3); create domain chars as char(3); create domain arr as varchar(3)[]; create table d (id bigint primary key, s short, v varchar(3), b bits, c chars, bb bit(3), a arr, vs varchar(3)[], cc char(3))`);
  await database.query(`insert into d select g from generate_series(1,1) g`);
  const t = table("d", { key: "id", columns: { id: "bigint", s: "text?", v: "varchar?", b: "text?", c: "text?", bb: "text?", a: "text[]?", vs: "varchar[]?", cc: "char?" } });
  for (const [column, value] of [["s", "abcd"], ["b", "1111"], ["c", "abcd"], ["a", ["abcd"]]] as const) {
    await attempt(column, async () => { const r = await runJob(defineJob({ name: `d-${column}`, source: rowsOf(t), transform: () => ({ [column]: value }) as never, sink: update(t, [column]) }), url()); return [r.status, r.rows.written, r.rows.rejected, (await database.query(`select ${column}::text as v from d`))[0], await rejects()]; });
  }
  await database.query(`insert into d select g from generate_series(2,3) g`);
  for (const [column, value] of [["v", "abcd"], ["bb", "1111"], ["vs", ["abcd"]], ["cc", "abcd"]] as const) {
    await attempt(column, async () => { const r = await runJob(defineJob({ name: `d-${column}`, source: rowsOf(t), transform: (row) => row.id === 1n ? ({ [column]: value }) as never : { [column]: null } as never, sink: update(t, [column]) }), url()); return [r.status, r.rows.written, r.rows.rejected, (await database.query(`select ${column}::text as v from d`))[0], await rejects()]; });
  }
});
test("arrays", async () => {
  await database.query(`create table a (id bigint primary key, x integer[], bx box[])`);
  await database.query(`insert into a values (1, '[0:2]={1,2,3}', array[box '(1,1),(0,0)', box '(2,2),(1,1)'])`);
  await database.query(`insert into a values (2, null, null)`);
  const t = table("a", { key: "id", columns: { id: "bigint", x: "integer[]?", bx: "text[]?" } });
  await attempt("box", async () => { const r = await runJob(defineJob({ name: "box", source: rowsOf(t), transform: ({bx}) => ({ bx }), sink: update(t, ["bx"]) }), url()); return [r.status, r.rows, await database.query("select bx::text from a"), await rejects()]; });
});
test("lease", async () => {
  const t = table("a", { key: "id", columns: { id: "bigint", x: "integer[]?" } });
  await attempt("lease 0", async () => (await runJob(defineJob({ name: "lease", source: rowsOf(t), transform: () => ({ x: [] }), sink: update(t, ["x"]) }), {...url(), lease: "0ms" })).status);
  await attempt("nul in reason", async () => [(await runJob(defineJob({ name: "nul", source: rowsOf(t), transform: (row) => { if (row.id === 1n) throw new Error("a\0b"); return { x: [] } }, sink: update(t, ["x"]) }), {...url() })).status, await rejects()]);
  await attempt("strange", async () => [(await runJob(defineJob({ name: "strange", source: rowsOf(t), transform: (row) => ({ x: [], y: 2 }), sink: update(t, ["x"]) }), {...url() })), await rejects()]);
  await attempt("the only row of a range", async () => [(await runJob(defineJob({ name: "only", source: rowsOf(t, { where: sql`id = 1`}), transform: (row) => ({ x: [2 ** 40] }), sink: update(t, ["x"]) }), {...url() })), await rejects()]);
});
test("roles", async () => {
  await database.query(`create role limited login; create schema hidden; create table hidden.t (id bigint primary key, n integer); create table public.open (id bigint primary key, n integer); grant select, update on public.open to limited; insert into public.open values (1,1)`);
  const limited = new URL(database.url); limited.username = "limited";
  const t = table("hidden.t", { key: "id", columns: { id: "bigint", n: "integer?" } });
  const o = table("open", { key: "id", columns: { id: "bigint", n: "integer?" } });
  await attempt("no usage on schema", async () => (await runJob(defineJob({ name: "hidden", source: rowsOf(t), transform: () => ({ n: 2 }), sink: update(t, ["n"]) }), {...url(), connectionString: limited.href })).status);
  await attempt("no right on the store", async () => (await runJob(defineJob({ name: "open", source: rowsOf(o), transform: () => ({ n: 2 }), sink: update(o, ["n"]) }), {...url(), connectionString: limited.href })).status);
  await database.query("drop schema tidefill cascade");
  await attempt("no right to create the store", async () => (await runJob(defineJob({ name: "open", source: rowsOf(o), transform: () => ({ n: 2 }), sink: update(o, ["n"]) }), {...url(), connectionString: limited.href })).status);
  await database.query(`drop owned by limited; drop role limited`);
});
