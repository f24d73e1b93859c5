import { defineJob, rowsOf, sql, update } from "tidefill";
import { counters } from "./tables.ts";

export default defineJob({
  name: "label",
  source: rowsOf(counters, { read: ["n"], pending: sql`label is null` }),
  transform: ({ n }) => ({ label: `n${n}` }),
  sink: update(counters, ["label"]),
});
