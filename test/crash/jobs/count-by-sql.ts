import { defineSqlJob, rowsOf, sql, table, update } from "tidefill";

const counters = table("counters", { key: "id", columns: { id: "bigint", n: "integer" } });

/** count-rows in SQL, without `pending`, which would hide a batch that is done twice. */
export default defineSqlJob({
  name: "count-by-sql",
  source: rowsOf(counters),
  sink: update(counters, { n: sql`slowly(n + 1)` }),
});
