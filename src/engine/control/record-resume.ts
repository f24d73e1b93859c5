import type { Run } from "../../store/runs/run.ts";
import type { Session } from "../../store/session.ts";
import type { PaceOptions } from "../options/work-options.ts";
import { adoptPace } from "./adopt-pace.ts";

/** Adopts the pace given with a resume, and records the resume in the audit. */
export async function recordResume(
  { db, store }: Session,
  run: Run,
  options: PaceOptions & { readonly acceptChanges?: boolean | undefined },
): Promise<void> {
  const { job, id } = run;
  await db.transaction(async (tx) => {
    const asked = await adoptPace(tx, store, run, options);
    const details = { acceptChanges: options.acceptChanges === true, ...asked };
    await store.audit.record(tx, { action: "resume", job, run: id, details });
  });
}
