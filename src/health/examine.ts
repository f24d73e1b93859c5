import { type JobWithFiles, readJobStates } from "../engine/state/job-state.ts";
import type { Database } from "../postgres/transaction/database.ts";
import { installedVersion } from "../store/schema/store-schema.ts";
import type { Store } from "../store/store.ts";
import type { Examination, Finding } from "./finding.ts";
import { jobFindings } from "./job-findings.ts";
import { runFindings } from "./run-findings.ts";
import { schemaFindings } from "./schema-findings.ts";
import { sequenceFindings } from "./sequence-findings.ts";

const examinations: readonly Examination[] = [jobFindings, schemaFindings, sequenceFindings, runFindings];

/** Looks at jobs of a folder, at those of these names where some are given, at schema and runs; answers everything that is not as it should be. Writes nothing. */
export async function examine(
  db: Database,
  store: Store,
  jobs: readonly JobWithFiles[],
  names: readonly string[] = [],
): Promise<readonly Finding[]> {
  const isInstalled = (await installedVersion(db, store.schema)) !== null;
  const all = await readJobStates(db, store, jobs);
  const states = names.length === 0 ? all : all.filter(({ job }) => names.includes(job.name));
  const findings: Finding[] = [];
  for (const look of examinations)
    findings.push(...(await look({ db, store: isInstalled ? store : null, states, all })));
  return findings;
}
