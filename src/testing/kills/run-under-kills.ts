import { ensureSchema } from "../../engine/control/ensure-schema.ts";
import type { EngineEvent } from "../../engine/report/events.ts";
import { resumeRun } from "../../engine/run/resume-run.ts";
import { runJob } from "../../engine/run/run-job.ts";
import type { Job } from "../../job/definition/define-job.ts";
import { isFinished, type RunStatus } from "../../store/runs/run-status.ts";
import { withSession } from "../../store/session.ts";
import type { TestDatabase } from "../database/test-database.ts";
import { workOptions } from "../in-test/in-test-options.ts";
import type { RunInTestOptions } from "../in-test/run-in-test.ts";
import { StopAfter } from "../in-test/stop-after.ts";
import { Killer } from "./killer.ts";
import type { Random } from "./random.ts";

/** The outcome of a run that was killed several times. */
export interface Survived {
  readonly status: RunStatus;
  readonly reason: string | null;
  /** batches whose connection was ended when only the commit was missing */
  readonly kills: number;
  /** how often the run was resumed */
  readonly resumes: number;
}

/**
 * Runs a job to its end while some of its batches are killed, and the run itself as often as `lives` says.
 * `make` makes the job for each process that there would be.
 */
export async function runUnderKills(
  make: () => Promise<Job>,
  database: TestDatabase,
  options: Omit<RunInTestOptions, "database">,
  { victims, lives }: KillPlan,
): Promise<Survived> {
  await withSession("tidefill kills", { connectionString: database.connectionString }, 1, ensureSchema);
  const killer = await Killer.install(database, victims);
  let resumes = 0;
  const work = { ...options, database };
  await live(await make(), work, killer, { batches: lives[0], isResumed: false });
  for (const batches of [...lives.slice(1), undefined]) {
    const { status } = await readEnd(database);
    if (isFinished(status) || status === "failed") break;
    resumes += 1;
    await live(await make(), work, killer, { batches, isResumed: true });
  }
  return { ...(await readEnd(database)), kills: await killer.count(), resumes };
}

/**
 * One life of a run: to its end, or until this many batches are committed; then it loses all uncommitted
 * work.
 */
async function live(
  job: Job,
  options: RunInTestOptions,
  killer: Killer,
  { batches, isResumed }: { readonly batches: number | undefined; readonly isResumed: boolean },
): Promise<void> {
  const stop = new StopAfter(batches);
  let struck: Promise<void> | undefined;
  const onEvent = (event: EngineEvent): void => {
    stop.hear(event);
    if (stop.signal.aborted) struck ??= killer.strike();
  };
  const work = { ...workOptions(options), signal: stop.signal, onEvent };
  await (isResumed
    ? resumeRun(job, job.name, work)
    : runJob(job, { ...work, parameters: options.parameters }));
  await struck;
  await killer.release();
}

/** Read from the store: a run whose last connection was cut could not report its own end. */
async function readEnd(database: TestDatabase): Promise<Pick<Survived, "status" | "reason">> {
  const [last] = await database.query<Pick<Survived, "status" | "reason">>(
    `select status, coalesce(message, stop_reason) as reason
    from tidefill.run
    where kind = 'run'
    order by id desc
    limit 1`,
  );
  return last ?? { status: "pending", reason: null };
}

/** The numbers of the attempts at a batch to kill, and after how many batches each life of the run ends. */
export interface KillPlan {
  readonly victims: readonly number[];
  readonly lives: readonly number[];
}

/** The first attempt is always killed: a small job may have no other. */
export function planKills(kills: number, random: Random): KillPlan {
  const victims = [1];
  while (victims.length < kills) victims.push((victims.at(-1) ?? 0) + random.between(1, 4));
  const lives = Array.from({ length: Math.ceil(kills / 2) }, () => random.between(1, 3));
  return { victims, lives };
}
