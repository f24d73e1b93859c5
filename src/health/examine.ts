import { type JobWithFiles, readJobStates } from "../engine/state/job-state.ts";
import { installedVersion } from "../store/schema/store-schema.ts";
import type { Session } from "../store/session.ts";
import type { Examination, Finding } from "./finding.ts";
import { jobFindings } from "./job-findings.ts";
import { runFindings } from "./run-findings.ts";
import { schemaFindings } from "./schema-findings.ts";
import { sequenceFindings } from "./sequence-findings.ts";

const examinations: readonly Examination[] = [jobFindings, schemaFindings, sequenceFindings, runFindings];

/**
 * Answers all findings about the jobs (only those of `names`, if any), the schema and the runs. Writes
 * nothing.
 */
export async function examine(
  session: Session,
  jobs: readonly JobWithFiles[],
  names: readonly string[] = [],
): Promise<readonly Finding[]> {
  const { db, store } = session;
  const isInstalled = (await installedVersion(db, store.schema)) !== null;
  const all = await readJobStates(session, jobs);
  const states = names.length === 0 ? all : all.filter(({ job }) => names.includes(job.name));
  const findings: Finding[] = [];
  for (const look of examinations)
    findings.push(...(await look({ db, store: isInstalled ? store : null, states, all })));
  return findings;
}
