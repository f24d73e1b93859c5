import { setTimeout as delay } from "node:timers/promises";
import { isJudged, type Rollout } from "../../job/pace/rollout.ts";
import { Windows } from "../../job/pace/windows.ts";
import type { OpenedJob } from "../../plan/open/opened-job.ts";
import { serverTime } from "../../postgres/server/server-time.ts";
import { sql } from "../../postgres/sql/sql.ts";
import type { Run } from "../../store/runs/run.ts";
import type { Session } from "../../store/session.ts";
import type { RunTask } from "../batch/run-task.ts";
import { brokenRules, withIntegrity } from "../guards/integrity.ts";
import type { Participation } from "../options/participation.ts";
import { executeRun } from "../process/execute-run.ts";
import { type EngineEvent, Events } from "../report/events.ts";
import { type RunReport, readReport } from "../report/run-report.ts";
import { verifyDone } from "../verify/verify-run.ts";
import { CommitTimes } from "./commit-times.ts";

/** How often a soaking stage checks whether an operator has paused or cancelled its run. */
const lookMs = 500;

/** What is needed to judge a stage. */
interface Judged {
  readonly session: Session;
  readonly opened: OpenedJob;
  readonly part: Participation;
}

/**
 * Works on a run, stage by stage if it has stages, and verifies each stage when it is done. After a good
 * stage an automatic rollout goes on by itself; any other stage waits for a `resume`. If the process dies
 * before it judges a stage, the resuming process judges it.
 */
export async function rollOut(judged: Judged, run: Run, task: RunTask): Promise<RunReport> {
  const { session, opened, part } = judged;
  const { db, store } = session;
  const commits = new CommitTimes();
  const listeners = [...part.listeners, (event: EngineEvent) => commits.hear(event)];
  let current = run;
  for (;;) {
    const rollout = current.rollout;
    const report =
      isDoneStage(current) && !isJudged(current)
        ? await readReport(session, current)
        : await executeRun(session, current, task, { ...part, listeners });
    if (rollout === null || report.status !== "paused" || report.stopReason !== "canary")
      return withIntegrity(db, opened.job, report);
    const ended = await endStage(judged, rollout, report, commits);
    if (ended !== null) return ended;
    current = await store.runs.get(db, current.id);
  }
}

function isDoneStage({ status, stopReason }: Pick<Run, "status" | "stopReason">): boolean {
  return status === "paused" && stopReason === "canary";
}

/** Lets a stage soak and judges it. Returns the report to leave with, or null to begin the next stage. */
async function endStage(
  judged: Judged,
  rollout: Rollout,
  report: RunReport,
  commits: CommitTimes,
): Promise<RunReport | null> {
  const { session, part } = judged;
  const { db, store } = session;
  const run = await store.runs.get(db, BigInt(report.run));
  if (!isDoneStage(run)) return readReport(session, run);
  await announce(judged, run, rollout, report);
  if (!(await soak(judged, run, rollout.soakMs))) return readReport(session, await again(judged, run));
  const found = await judge(judged, run, report);
  // Meanwhile an operator may have paused or cancelled the run, or the verify was stopped.
  if (found === null || part.signal?.aborted === true || !isDoneStage(await again(judged, run)))
    return readReport(session, await again(judged, run));
  const problems = [...found, ...commits.endStage()];
  const message = describeStage(rollout, report, problems);
  await store.runs.set(db, run.id, {
    message: sql`${message}`,
    rollout: sql`${JSON.stringify({ ...rollout, judged: run.stage })}::jsonb`,
  });
  return problems.length > 0 || !rollout.isAutomatic ? { ...report, stageProblems: problems, message } : null;
}

function again({ session: { db, store } }: Judged, { id }: Run): Promise<Run> {
  return store.runs.get(db, id);
}

/** Tells operators when the stage is verified, and whether the run then goes on by itself. */
async function announce(
  { session: { db, store }, part }: Judged,
  run: Run,
  rollout: Rollout,
  report: RunReport,
): Promise<void> {
  const { soakMs, isAutomatic } = rollout;
  const next = isAutomatic ? ", and the rest goes on by itself if it is good" : "";
  const at = new Date((await serverTime(db)).getTime() + soakMs).toISOString().slice(11, 19);
  const when = soakMs < 1_000 ? "now" : `at ${at} UTC`;
  const message = `${stageOf(rollout, report)} is done; it is verified ${when}${next}.`;
  await store.runs.set(db, run.id, { message: sql`${message}` });
  new Events(run.job, run.id, part.listeners).emit({ type: "stage done", stage: run.stage, message });
}

/** The problems of a stage; null when the verify was stopped, so that the resuming process judges it. */
async function judge(
  { session, opened, part }: Judged,
  run: Run,
  report: RunReport,
): Promise<string[] | null> {
  const { rejected, swallowed } = report.rows;
  const verified = await verifyDone(session, opened, run, part);
  if (verified !== null && isStopped(verified)) return null;
  const differences = verified?.rows.conflicted ?? 0;
  return [
    ...(rejected > 0 ? [`${rejected} rows were rejected: tidefill rejects ${run.id}`] : []),
    ...(swallowed > 0 ? [`a trigger swallowed the writes of ${swallowed} rows`] : []),
    ...(differences > 0
      ? [`${differences} rows are not as the job makes them: tidefill rejects ${verified?.run}`]
      : []),
    ...(verified !== null && verified.status !== "succeeded"
      ? [`the verify did not end: tidefill status ${verified.run}`]
      : []),
    ...(await brokenRules(session.db, opened.job)),
  ];
}

function describeStage(rollout: Rollout, report: RunReport, problems: readonly string[]): string {
  const stage = stageOf(rollout, report);
  return problems.length === 0
    ? `${stage} is done and verified: no difference.`
    : `${stage} is done, but ${problems.join("; ")}.`;
}

function stageOf({ shares }: Rollout, { stage }: RunReport): string {
  const share = Number(((shares[stage] ?? 1) * 100).toFixed(4));
  return `Stage ${stage + 1} of ${shares.length} (${share} % of the rows)`;
}

function isStopped({ status }: RunReport): boolean {
  return status === "interrupted" || status === "paused";
}

/** Waits for the soak time. Returns false when a signal, an operator, `until` or the window ends it early. */
async function soak(judged: Judged, run: Run, milliseconds: number): Promise<boolean> {
  const { signal } = judged.part;
  for (const end = performance.now() + milliseconds; ; ) {
    const current = await again(judged, run);
    if (signal?.aborted === true || !isDoneStage(current) || (await isTimeOver(judged, current)))
      return false;
    const left = end - performance.now();
    if (left <= 0) return true;
    await delay(Math.min(lookMs, left), undefined, { signal }).catch(() => {});
  }
}

/** Whether this process has to leave now: its window is closed, or `until` has come. */
async function isTimeOver({ session: { db }, opened, part }: Judged, { pace }: Run): Promise<boolean> {
  const { until, exitWhenClosed } = part;
  if (until === undefined && !exitWhenClosed) return false;
  const now = await serverTime(db);
  const window = pace.window ?? opened.job.pace.window;
  const isClosed = exitWhenClosed && window !== undefined && !Windows.parse(window).isOpen(now);
  return isClosed || (until !== undefined && now >= until);
}
