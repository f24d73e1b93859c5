import { setTimeout as delay } from "node:timers/promises";
import { defineJob, rowsOf, table, update } from "tidefill";

const counters = table("counters", { key: "id", columns: { id: "bigint", n: "integer" } });

/** Not idempotent on purpose: a batch that is done twice leaves a 2, one that is left out a 0. */
export default defineJob({
  name: "count-rows",
  source: rowsOf(counters, { read: ["n"] }),
  transform: async ({ n }) => {
    // Read at each call, so that a test can speed up a run at its end.
    await delay(Number(process.env.TIDEFILL_TEST_DELAY_MS ?? 0));
    return { n: n + 1 };
  },
  sink: update(counters, ["n"]),
});
