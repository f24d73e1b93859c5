import pg from "pg";
import { brokenRules } from "../engine/guards/integrity.ts";
import type { Job } from "../job/definition/define-job.ts";
import { describeFailure } from "../postgres/failure/failure.ts";
import { sql } from "../postgres/sql/sql.ts";
import type { Database } from "../postgres/transaction/database.ts";
import { encryptedLogsExpireAfterMs } from "../retention/purge.ts";
import { readProgress } from "../store/runs/progress.ts";
import type { Examination, Examined, Finding } from "./finding.ts";

/** Undo logs that a purge would drop within this many days are reported. */
const warnedDays = 5;
const dayMs = 86_400_000;

/** What runs have left for an operator to look at. */
export const runFindings: Examination = async (examined) => [
  ...(await waitingRejects(examined)),
  ...(await differencesFound(examined)),
  ...(await expiringUndoLogs(examined)),
  ...(await brokenIntegrity(examined)),
];

async function waitingRejects({ db, store, states }: Examined): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { job, run } of states) {
    if (store === null || run === null || run.undoneBy !== null) continue;
    const { rejects } = await store.rejects.standing(db, run.id);
    if (rejects > 0)
      findings.push({
        code: "waiting-rejects",
        job: job.name,
        message: `Run ${run.id} of ${job.name} rejected ${rejects} rows.`,
        remedy: `tidefill rejects ${run.id}   and once they are fixed: tidefill rejects ${run.id} --retry`,
      });
  }
  return findings;
}

/** Differences that the last verify of a job found. A later run that wrote fewer rows has not repaired them all. */
async function differencesFound({ db, store, states }: Examined): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { job, run } of states) {
    if (store === null || run === null || run.undoneBy !== null) continue;
    const verify = await store.runs.latest(db, job.name, "verify");
    if (verify?.status !== "succeeded") continue;
    const { rejects } = await store.rejects.standing(db, verify.id);
    const isLater = run.id > verify.id;
    if (!isLater && verify.ofRun !== (run.ofRun ?? run.id)) continue;
    const written = isLater ? (await readProgress(db, store.schema, run.id)).written : 0;
    if (rejects <= written) continue;
    const since = isLater ? ` Run ${run.id} has written ${written} rows since.` : "";
    findings.push({
      code: "differences",
      job: job.name,
      message: `${rejects} rows differ from what ${job.name} makes of them: verify run ${verify.id} of run ${verify.ofRun}.${since}`,
      remedy: `tidefill rejects ${verify.id}   and where the job is right: tidefill run ${job.name} --again   (first make its pending true for these rows, where it has one)`,
    });
  }
  return findings;
}

/** Only encrypted undo logs have an expiry of their own. */
async function expiringUndoLogs({ db, store }: Examined): Promise<Finding[]> {
  if (store === null) return [];
  const { rows } = await db.query(sql`
    select id, job,
      pg_catalog.ceil(extract(epoch from finished_at + ${encryptedLogsExpireAfterMs} * interval '1 ms'
        - pg_catalog.clock_timestamp()) * 1000 / ${dayMs}) as days
    from ${store.schema.table("run")}
    where undo_log = 'encrypted'
      and finished_at + ${encryptedLogsExpireAfterMs - warnedDays * dayMs} * interval '1 ms' < pg_catalog.clock_timestamp()
    order by id`);
  return rows.map((row) => ({
    code: "expiring-undo-log",
    job: row.job ?? null,
    message: `The undo log of run ${row.id} of ${row.job} ${Number(row.days) <= 0 ? "has expired: the next purge drops it" : `expires in ${row.days} days`}.`,
    remedy: `To undo the run, do it now: tidefill undo ${row.id}   otherwise let tidefill purge drop it`,
  }));
}

/** A query that PostgreSQL no longer accepts must not stop the other examinations. */
async function rulesOf(db: Database, job: Job): Promise<readonly string[]> {
  return brokenRules(db, job).catch((error: unknown) => {
    if (!(error instanceof pg.DatabaseError)) throw error;
    return [`an integrity query fails: ${describeFailure(error)}`];
  });
}

async function brokenIntegrity({ db, states }: Examined): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { job, state } of states) {
    if (state !== "succeeded") continue;
    for (const broken of await rulesOf(db, job))
      findings.push({
        code: "broken-integrity",
        job: job.name,
        message: `${job.name}: ${broken}.`,
        remedy: "Run that query of the job by hand and fix the rows that it returns.",
      });
  }
  return findings;
}
