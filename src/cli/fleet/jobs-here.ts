import type { JobSource } from "../../fleet/work/job-source.ts";
import { fileOf } from "../jobs/job-files.ts";
import { loadInOrder } from "../jobs/load-in-order.ts";
import { loadJob } from "../jobs/load-job.ts";
import type { CommonSettings } from "../options/settings.ts";

/** The jobs of this machine's folder, each loaded once: a worker keeps the files that it began with. */
export function jobsHere(settings: CommonSettings): JobSource {
  const loaded = new Map<string, ReturnType<typeof loadJob>>();
  let ordered: ReturnType<typeof loadInOrder> | null = null;
  return {
    find: async (name) => {
      if (fileOf(settings.jobs, name) === undefined) return null;
      const found = loaded.get(name) ?? loadJob(settings.jobs, name);
      loaded.set(name, found);
      return found;
    },
    inOrder: () => {
      ordered ??= loadInOrder(settings, undefined);
      return ordered;
    },
  };
}
