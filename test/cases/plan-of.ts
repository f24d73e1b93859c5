import type { Job } from "tidefill";
import { batchFrame } from "../../src/engine/preview/batch-frame.ts";
import { planRun, type RunPlan } from "../../src/plan/plan-run.ts";
import { withSession } from "../../src/store/session.ts";
import type { TestDatabase } from "../support/database.ts";

/** What `tidefill plan` reports for a job. */
export async function planOf({ url }: Pick<TestDatabase, "url">, job: Job): Promise<RunPlan> {
  return withSession("tidefill plan", { connectionString: url }, 2, async (session) =>
    planRun(session, job, {}, { frame: await batchFrame(session, job), measured: null }),
  );
}
