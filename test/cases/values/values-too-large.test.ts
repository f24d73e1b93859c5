import { defineJob, rowsOf, runJob, sql, table, update, verifyRun } from "tidefill";
import { expect, test } from "vitest";
import { useDatabase } from "../../support/database.ts";

const database = useDatabase();
const files = table("files", {
  key: "id",
  columns: { id: "bigint", body: "bytea?", note: "text?", tree: "jsonb text?", n: "integer?" },
});

test("a row with a value that JavaScript cannot hold is rejected unread, and the other rows are done (C1)", async () => {
  // More than 2^29 hexadecimal digits; more than 2^29 characters. Both are small on disk.
  await database.query(`
    create table files (id bigint primary key, body bytea, note text, tree jsonb, n integer);
    insert into files values (1, '\\x00'), (4, null), (5, decode('616263', 'hex'));
    insert into files (id, body) values (2, decode(repeat('00', 140000000), 'hex'));
    update files set body = body || body where id = 2;
    insert into files (id, note) values (3, repeat('x', 510000000))`);
  const job = defineJob({
    name: "lengths",
    source: rowsOf(files, { where: sql`true` }),
    transform: ({ body, note }) => ({ n: (body?.length ?? 0) + (note?.length ?? 0) }),
    sink: update(files, ["n"]),
  });
  const report = await runJob(job, { connectionString: database.url, workers: 1 });
  expect(report).toMatchObject({ status: "succeeded", rows: { written: 3, rejected: 2 } });
  const rejects = await database.query("select key[1] as key, reason from tidefill.reject order by key");
  expect(rejects).toEqual([
    {
      key: "2",
      reason: "body is too large to read: more than 500 MB as text. An SQL job can process this row",
    },
    {
      key: "3",
      reason: "note is too large to read: more than 500 MB as text. An SQL job can process this row",
    },
  ]);
  expect(await database.query("select id::integer, n from files where n is not null order by id")).toEqual([
    { id: 1, n: 1 },
    { id: 4, n: 0 },
    { id: 5, n: 3 },
  ]);
  // A verify reads the rows by another statement and, like the run, does not read the rejected ones.
  await database.query("delete from tidefill.reject");
  expect(await verifyRun(job, { connectionString: database.url })).toMatchObject({ status: "succeeded" });
});
