import type { Job } from "../../job/definition/define-job.ts";
import { definitionFingerprint, stepsFingerprint } from "../../job/definition/fingerprint.ts";
import { readParameters } from "../../job/definition/parameters.ts";
import type { Run } from "../../store/runs/run.ts";
import { installedVersion } from "../../store/schema/store-schema.ts";
import type { Session } from "../../store/session.ts";
import type { JobState } from "./job-state.ts";

/** A job that has run here and was not undone, but no longer has a file. */
export interface OrphanedJob {
  /** its newest run */
  readonly run: Run;
  /** a job with the same definition that has never run; null where there is none */
  readonly renamedTo: string | null;
}

/** The jobs with runs in this database that are not among `states`, the states of all jobs of the folder. */
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

/** The fingerprint of this job with the run's parameters; null where the job does not take them. */
async function fingerprintOf(job: Job, run: Run): Promise<string | null> {
  if (job.kind === "steps") return stepsFingerprint(job);
  return readParameters(job.parameters, run.parameters).then(
    (parameters) => definitionFingerprint(job, job.bind(parameters)),
    () => null,
  );
}
