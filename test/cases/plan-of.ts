import type { Job } from "tidefill";
import { batchFrame } from "../../src/engine/preview/batch-frame.ts";
import { planRun, type RunPlan } from "../../src/plan/plan-run.ts";
import { createPool } from "../../src/postgres/connection/create-pool.ts";
import { Database } from "../../src/postgres/transaction/database.ts";
import { Store } from "../../src/store/store.ts";
import type { TestDatabase } from "../support/database.ts";

/** What `tidefill plan` finds out about a job. */
export async function planOf({ url }: Pick<TestDatabase, "url">, job: Job): Promise<RunPlan> {
  const db = new Database(
    createPool({ connectionString: url, applicationName: "tidefill plan", maxConnections: 2 }),
  );
  const store = new Store();
  try {
    return await planRun(db, job, {}, await batchFrame({ db, store }, job), null, store);
  } finally {
    await db.close();
  }
}
