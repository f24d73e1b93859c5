import type { Job } from "../job/define-job.ts";
import type { Rollout } from "../job/rollout.ts";
import type { OpenedJob } from "../plan/opened-job.ts";
import type { Database } from "../postgres/database.ts";
import { sql } from "../postgres/sql.ts";
import type { Run } from "../store/run.ts";
import type { Store } from "../store/store.ts";
import type { EngineEvent } from "./events.ts";
import { executeRun, type Participation } from "./execute-run.ts";
import { brokenRules, withIntegrity } from "./integrity.ts";
import { rolloutOf } from "./rollout-of.ts";
import type { RunReport } from "./run-report.ts";
import type { RunTask } from "./run-task.ts";
import { verifyDone } from "./verify-run.ts";

/** Commits that take so many times as long as in the stage before are worse, if they are slow at all. */
const worseTimes = 3;
const slowMs = 20;

/** Whom a stage is judged with. */
interface Judged {
  readonly db: Database;
  readonly store: Store;
  readonly opened: OpenedJob;
  readonly part: Participation;
}

/**
 * Works on a run, stage by stage where it has any: each is verified when it is done. What was good goes on by itself where
 * that was asked for; everything else stops and waits for somebody to type `resume`.
 */
export async function rollOut(judged: Judged, run: Run, task: RunTask): Promise<RunReport> {
  const { db, store, opened, part } = judged;
  const commits = new CommitTimes();
  const listeners = [...part.listeners, (event: EngineEvent) => commits.hear(event)];
  let current = run;
  for (;;) {
    const report = await executeRun(db, store, current, task, { ...part, listeners });
    const rollout = rolloutOf(current);
    if (rollout === null || report.status !== "paused" || report.stopReason !== "canary")
      return withIntegrity(db, opened.job, report);
    if (!(await soak(rollout.soakMs, part.signal))) return report;
    const problems = [...(await judge(judged, current, report)), ...commits.endStage()];
    const done = { ...report, stageProblems: problems, message: describeStage(rollout, report, problems) };
    await store.runs.set(db, current.id, { message: sql`${done.message}` });
    if (problems.length > 0 || !rollout.isAutomatic) return done;
    current = await store.runs.require(db, String(current.id));
    // Somebody paused or cancelled it while it was judged.
    if (current.status !== "paused" || current.stopReason !== "canary") return done;
  }
}

async function judge({ db, store, opened, part }: Judged, run: Run, report: RunReport): Promise<string[]> {
  const { rejected } = report.rows;
  const verified = await verifyDone(db, store, opened, run, { ...part, listeners: [] });
  const differences = verified?.rows.conflicted ?? 0;
  return [
    ...(rejected > 0 ? [`${rejected} rows were rejected: tidefill rejects ${run.id}`] : []),
    ...(differences > 0
      ? [`${differences} rows are not as the job makes them: tidefill rejects ${verified?.run}`]
      : []),
    ...(verified !== null && verified.status !== "succeeded"
      ? [`the verify did not end: tidefill status ${verified.run}`]
      : []),
    ...(await brokenRules(db, opened.job as Job)),
  ];
}

function describeStage({ shares }: Rollout, report: RunReport, problems: readonly string[]): string {
  const share = shares[report.stage] ?? 1;
  const stage = `Stage ${report.stage + 1} of ${shares.length} (${Number((share * 100).toFixed(4))} % of the rows) is done`;
  return problems.length === 0
    ? `${stage} and verified: no difference.`
    : `${stage}, but ${problems.join("; ")}.`;
}

/** Waits, unless somebody wants to stop; answers whether it waited to the end. */
async function soak(milliseconds: number, signal: AbortSignal | undefined): Promise<boolean> {
  if (signal?.aborted === true) return false;
  return new Promise((resolve) => {
    const end = (isWhole: boolean) => () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
      resolve(isWhole);
    };
    const timer = setTimeout(() => end(true)(), milliseconds);
    const stop = end(false);
    signal?.addEventListener("abort", stop);
  });
}

/** How long commits take, stage by stage. */
class CommitTimes {
  #milliseconds: number[] = [];
  #before: number | null = null;

  hear(event: EngineEvent): void {
    if (event.type === "batch committed") this.#milliseconds.push(event.seconds.commit * 1_000);
  }

  /** What to say about the stage that has ended. */
  endStage(): string[] {
    const sorted = this.#milliseconds.toSorted((left, right) => left - right);
    const median = sorted[Math.floor(sorted.length / 2)];
    this.#milliseconds = [];
    if (median === undefined) return [];
    const before = this.#before;
    this.#before = median;
    if (before === null || median < slowMs || median < worseTimes * before) return [];
    return [`commits take ${Math.round(median)} ms, ${Math.round(before)} ms in the stage before`];
  }
}
