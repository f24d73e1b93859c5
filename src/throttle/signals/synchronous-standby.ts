import { whyCommitsWait } from "../../postgres/server/why-commits-wait.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";
import type { Reading, Signal } from "../signal.ts";

/** While the standby is away that commits wait for, each batch would leave a session behind that holds its locks. */
export class SynchronousStandby implements Signal {
  readonly name = "synchronous standby";
  readonly everyMs = 1_000;
  readonly onError = "ignore";

  async read(db: Queryable): Promise<Reading | null> {
    const reason = await whyCommitsWait(db);
    return reason === null ? null : { signal: this.name, utilization: 1, reason };
  }
}
