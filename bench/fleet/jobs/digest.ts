import { createHash } from "node:crypto";
import { defineJob, rowsOf, sql, update } from "tidefill";
import { counters } from "./tables.ts";

/** About four milliseconds of processor time a row: what counts is the transform. */
const rounds = 4_000;

export default defineJob({
  name: "digest",
  source: rowsOf(counters, { read: ["n"], pending: sql`label is null` }),
  transform: ({ n }) => {
    let label = String(n);
    for (let round = 0; round < rounds; round += 1) label = createHash("sha256").update(label).digest("hex");
    return { label };
  },
  sink: update(counters, ["label"]),
});
