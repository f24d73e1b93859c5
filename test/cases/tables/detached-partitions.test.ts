import { defineSqlJob, rowsOf, runJob, sql, table, undoRun, update } from "tidefill";
import { expect, test } from "vitest";
import { useDatabase } from "../../support/database.ts";

const database = useDatabase();
const orders = table("orders", {
  key: ["day", "id"],
  columns: { day: "integer", id: "bigint", n: "integer" },
});

test("an undo names partitions that were detached since, whose rows stay as the run left them (E4)", async () => {
  await database.query(`
    create table orders (day integer not null, id bigint not null, n integer not null, primary key (day, id))
      partition by range (day);
    create table orders_1 partition of orders for values from (1) to (2);
    create table orders_2 partition of orders for values from (2) to (3);
    insert into orders select 1 + g % 2, g, 0 from generate_series(1, 100) g`);
  const job = defineSqlJob({
    name: "count",
    source: rowsOf(orders),
    sink: update(orders, { n: sql`n + 1` }),
  });
  const options = { connectionString: database.url, workers: 2 };
  const { run } = await runJob(job, options);
  await database.query("alter table orders detach partition orders_1");
  const undone = await undoRun(String(run), options);
  expect(undone).toMatchObject({
    status: "succeeded",
    rows: { written: 50, skipped: 50 },
    message:
      "Rows of public.orders_1 are as the run left them: it was detached since. Their images count as gone.",
  });
  expect(await database.query("select distinct n from orders_1")).toEqual([{ n: 1 }]);
  expect(await database.query("select distinct n from orders")).toEqual([{ n: 0 }]);
});
