import type { WorkOptions } from "../../engine/options/work-options.ts";
import { exitCodes } from "../../engine/report/exit-code.ts";
import type { RunReport } from "../../engine/report/run-report.ts";
import { resumeRun } from "../../engine/run/resume-run.ts";
import { runJob } from "../../engine/run/run-job.ts";
import { isDone, readJobStates } from "../../engine/state/job-state.ts";
import { verifyRun } from "../../engine/verify/verify-run.ts";
import { RefusedError, UsageError } from "../../errors.ts";
import { parametersToJson } from "../../job/definition/parameters.ts";
import { encryptedLogsExpireAfterMs, purge } from "../../retention/purge.ts";
import type { Run } from "../../store/runs/run.ts";
import { isFinished } from "../../store/runs/run-status.ts";
import { installedVersion } from "../../store/schema/store-schema.ts";
import { type Session, withSession } from "../../store/session.ts";
import type { Item } from "../queue/item.ts";
import { codeOf, type JobSource, type JobWithFiles } from "./job-source.ts";
import { type Explain, type Outcome, outcomeOfError, outcomeOfReport } from "./outcome.ts";

/** Two processes that start a run at the same moment agree within one more look. */
const mostLooks = 3;

/** Does what an item says, on a target that `options` names. Never throws: every end is an outcome. */
export async function doItem(
  item: Item,
  jobs: JobSource,
  options: WorkOptions,
  explain: Explain,
): Promise<Outcome> {
  try {
    if (item.action === "purge") return await purgeTarget(options);
    if (item.action === "up") return await bringUp(item, jobs, options);
    const found = item.job === null ? null : await jobs.find(item.job);
    if (found === null) return { kind: "refused", words: `this worker has no job ${item.job}` };
    if (item.code !== null && item.code !== codeOf(found))
      return {
        kind: "refused",
        words: `this worker has other files of ${item.job} than the machine that sent it`,
      };
    if (found.job.personalData && Object.keys(item.parameters).length > 0)
      throw new UsageError(
        `The parameters of ${item.job} may be about persons, and must not lie in the queue.`,
      );
    const doing = doingOf(item, found, options);
    return item.resumes === undefined ? await startOrJoin(doing) : await goOnAsAsked(doing, item.resumes);
  } catch (error) {
    return outcomeOfError(explain(error));
  }
}

/** An item, its job on this machine, and how to work on its target with the job's files. */
interface Doing {
  readonly item: Item;
  readonly found: JobWithFiles;
  readonly options: WorkOptions;
}

function doingOf(item: Item, found: JobWithFiles, options: WorkOptions): Doing {
  return { item, found, options: { ...options, files: found.files } };
}

/** Goes on with the run that an operator has asked for, unless it has ended. */
async function goOnAsAsked(doing: Doing, run: number): Promise<Outcome> {
  const { item, found, options } = doing;
  const { unfinished } = await look(item, found.job.name, options);
  if (unfinished === null || Number(unfinished.id) !== run)
    return { kind: "done", words: `run ${run} has ended`, run, isGood: true };
  return afterRun(doing, await resumeRun(found.job, String(run), options));
}

/** Starts the run of an item, goes on with it, or joins it; what was asked for is done once. */
async function startOrJoin(doing: Doing): Promise<Outcome> {
  const { item, found, options } = doing;
  const { job } = found;
  for (let looks = 1; ; looks += 1) {
    const { asked, unfinished, standing } = await look(item, job.name, options);
    const ended =
      asked !== null && isFinished(asked.status) ? asked : asked === null && !item.again ? standing : null;
    if (unfinished === null && ended !== null) {
      requireSameParameters(doing, ended, "has succeeded already");
      return verified(doing, ended);
    }
    try {
      if (unfinished !== null) return await goOn(doing, unfinished);
      const { again, request, parameters } = item;
      const report = await runJob(job, { ...options, parameters, again, request });
      return await afterRun(doing, report);
    } catch (error) {
      // Another process has just begun or ended the run.
      const isRace = error instanceof RefusedError && racing.includes(error.check);
      if (!(isRace || isDuplicate(error)) || looks === mostLooks) throw error;
    }
  }
}

const racing = ["no-unfinished-run", "not-done-already", "run-is-unfinished"];

/** Whether another process has created the run of the same request. */
function isDuplicate(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "23505";
}

interface Looked {
  /** the run that was created for the item's request */
  readonly asked: Run | null;
  /** the job's run that has not ended, whatever began it */
  readonly unfinished: Run | null;
  /** the job's last run that succeeded and was not undone */
  readonly standing: Run | null;
}

async function look({ request }: Item, job: string, options: WorkOptions): Promise<Looked> {
  return withSession("tidefill", options, 1, async ({ db, store }: Session) => {
    if ((await installedVersion(db, store.schema)) === null)
      return { asked: null, unfinished: null, standing: null };
    await store.runs.settle(db, job);
    const latest = await store.runs.latest(db, job);
    return {
      asked: await store.runs.requested(db, job, request),
      unfinished: latest === null || isFinished(latest.status) ? null : latest,
      standing: await store.runs.standing(db, job),
    };
  });
}

async function goOn(doing: Doing, run: Run): Promise<Outcome> {
  const { found, options } = doing;
  const { job } = found;
  if (run.kind !== "run")
    throw new RefusedError(
      "no-unfinished-run",
      `The ${run.kind} ${run.id} of ${job.name} has not ended.`,
      `tidefill resume ${run.id}   or: tidefill cancel ${run.id}`,
    );
  if (run.status === "paused")
    return {
      kind: "done",
      words: `run ${run.id} was paused by an operator; to go on: tidefill resume ${run.id}`,
      run: Number(run.id),
      isGood: false,
    };
  requireSameParameters(doing, run, "has not ended");
  const report = await resumeRun(job, String(run.id), options);
  return afterRun(doing, report);
}

/** @throws RefusedError when the run was made with other parameters than the item asks for */
function requireSameParameters({ item, found: { job } }: Doing, run: Run, state: string): void {
  const given = JSON.parse(parametersToJson(job.parameters, item.parameters)) as Run["parameters"];
  if (job.personalData || isSame(given, run.parameters)) return;
  const remedy =
    state === "has not ended"
      ? `tidefill resume ${run.id}   or: tidefill cancel ${run.id}`
      : `tidefill enqueue ${job.name} --again`;
  throw new RefusedError(
    "no-unfinished-run",
    `Run ${run.id} of ${job.name} ${state}, and has other parameters than this item.`,
    remedy,
  );
}

function isSame(one: Run["parameters"], other: Run["parameters"]): boolean {
  const text = (given: Run["parameters"]) => JSON.stringify(Object.entries(given).sort());
  return text(one) === text(other);
}

async function afterRun(doing: Doing, report: RunReport): Promise<Outcome> {
  const outcome = outcomeOfReport(report, doing.found.job.pace.window);
  if (outcome.kind !== "done" || !outcome.isGood) return outcome;
  return check(doing, report.run, outcome);
}

/** For a run that has ended before: the item was delivered twice, or another process has done it. */
async function verified(doing: Doing, run: Run): Promise<Outcome> {
  const id = Number(run.id);
  const isGood = run.status === "succeeded";
  const rejects = isGood ? await waitingRejects(run.id, doing.options) : 0;
  if (rejects > 0)
    return {
      kind: "dead",
      words: `run ${id} has succeeded, and ${rejects} of its rejects wait → tidefill rejects ${id} --retry`,
      run: id,
      code: exitCodes.incomplete,
    };
  const done = { kind: "done", words: `run ${id} has ${run.status}`, run: id, isGood } as const;
  return isGood ? check(doing, id, done) : done;
}

async function waitingRejects(run: bigint, options: WorkOptions): Promise<number> {
  return withSession("tidefill", options, 1, async ({ db, store }) => {
    const { rejects } = await store.rejects.standing(db, run);
    return rejects;
  });
}

/** Between waves every target is verified, once: by the first of its processes. */
async function check(
  { item, found: { job }, options }: Doing,
  run: number,
  done: Outcome & { readonly kind: "done" },
): Promise<Outcome> {
  if (item.rollout === null || item.machine !== 1 || job.kind === "steps") return done;
  try {
    const report = await verifyRun(job, { ...options, run: BigInt(run) });
    const verify = outcomeOfReport(report, job.pace.window);
    if (verify.kind === "done" && verify.isGood) return { ...done, words: `${done.words}, verified` };
    // What cannot be compared is no difference: its integrity queries were checked when the run ended.
    if (report.status === "succeeded" && report.rows.conflicted === 0 && report.broken.length === 0)
      return { ...done, words: `${done.words}; ${report.notCompared.join("; ")}` };
    return { ...verify, words: `verify: ${verify.words}` };
  } catch (error) {
    if (error instanceof UsageError)
      return { ...done, words: `${done.words}; not compared: ${error.message}` };
    throw error;
  }
}

/** Runs or resumes all jobs that are pending on a target, in their order. */
async function bringUp(item: Item, jobs: JobSource, options: WorkOptions): Promise<Outcome> {
  const all = await jobs.inOrder();
  const states = await withSession("tidefill", options, 1, (session) => readJobStates(session, all));
  const names: string[] = [];
  for (const state of states.filter((each) => !isDone(each))) {
    const found = all.find(({ job }) => job === state.job);
    if (found === undefined) continue;
    const { name: job } = state.job;
    const again = state.state === "undone";
    const outcome = await startOrJoin(doingOf({ ...item, action: "run", job, again }, found, options));
    if (outcome.kind !== "done" || !outcome.isGood) return { ...outcome, words: `${job}: ${outcome.words}` };
    names.push(job);
  }
  const words = names.length === 0 ? "nothing was pending" : `done: ${names.join(", ")}`;
  return { kind: "done", words, run: null, isGood: true };
}

async function purgeTarget(options: WorkOptions): Promise<Outcome> {
  const purged = await withSession("tidefill purge", options, 2, async (session) =>
    (await installedVersion(session.db, session.store.schema)) === null
      ? null
      : purge(session, { olderThanMs: encryptedLogsExpireAfterMs }),
  );
  const words =
    purged === null ? "nothing to purge" : `purged ${purged.runs} runs and ${purged.undoLogs} undo logs`;
  return { kind: "done", words, run: null, isGood: true };
}
