import { type LoadedJob, loadJob } from "../jobs/load-job.ts";
import type { CommonSettings } from "../options/settings.ts";
import { withStore } from "../options/with-store.ts";

/** A run by its number or its job's name, and its job; null for an undo, which needs none. */
export async function loadJobOfRun(
  settings: CommonSettings,
  name: string,
): Promise<{ readonly id: bigint; readonly loaded: LoadedJob | null }> {
  const { id, job, kind } = await withStore(settings, async ({ db, store }) => store.runs.require(db, name), {
    isAnnounced: true,
  });
  return { id, loaded: kind === "undo" ? null : await loadJob(settings.jobs, job) };
}
