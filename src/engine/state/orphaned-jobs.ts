import type { Job } from "../../job/definition/define-job.ts";
import { definitionFingerprint, stepsFingerprint } from "../../job/definition/fingerprint.ts";
import { readParameters } from "../../job/definition/parameters.ts";
import type { Run } from "../../store/runs/run.ts";
import { installedVersion } from "../../store/schema/store-schema.ts";
import type { Session } from "../../store/session.ts";
import type { JobState } from "./job-state.ts";

/** A job that has run here and was not undone, and of which there is no file any more. */
export interface OrphanedJob {
  /** its newest */
  readonly run: Run;
  /** a job that has never run and does the very same; null where there is none */
  readonly renamedTo: string | null;
}

/** The jobs that are known here and not among these, which are all of the folder. */
export async function orphanedJobs(
  { db, store }: Session,
  states: readonly JobState[],
): Promise<readonly OrphanedJob[]> {
  if ((await installedVersion(db, store.schema)) === null) return [];
  const runs = await store.runs.latestOfEach(db);
  const gone = runs.filter(
    (run) =>
      !states.some(({ job }) => job.name === run.job) && run.undoneBy === null && run.status !== "cancelled",
  );
  const fresh = states.filter(({ run }) => run === null).map(({ job }) => job);
  return Promise.all(gone.map(async (run) => ({ run, renamedTo: await sameAs(run, fresh) })));
}

async function sameAs(run: Run, jobs: readonly Job[]): Promise<string | null> {
  for (const job of jobs) if ((await fingerprintOf(job, run)) === run.code.definition) return job.name;
  return null;
}

/** What the code of a run of this job would be; null where it does not take the parameters of that run. */
async function fingerprintOf(job: Job, run: Run): Promise<string | null> {
  if (job.kind === "steps") return stepsFingerprint(job);
  return readParameters(job.parameters, run.parameters).then(
    (parameters) => definitionFingerprint(job, job.bind(parameters)),
    () => null,
  );
}
