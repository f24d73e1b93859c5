import { whyCommitsWait } from "../../postgres/server/why-commits-wait.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";
import { defineSignal } from "../signal.ts";

/** While a standby that commits wait for is away, each batch would leave a session that keeps its locks. */
export const synchronousStandby = defineSignal({
  name: "synchronous standby",
  everyMs: 1_000,
  async read(db: Queryable) {
    const reason = await whyCommitsWait(db);
    return reason === null ? null : { utilization: 1, reason };
  },
});
