import { AssertionError } from "node:assert";
import { RefusedError, UsageError } from "../../errors.ts";
import type { Job } from "../../job/definition/define-job.ts";
import type { GivenParameters } from "../../job/definition/parameters.ts";
import { serverUrl } from "../database/server-url.ts";
import type { TestDatabase } from "../database/test-database.ts";
import { withCopyOf } from "../database/with-copy.ts";
import { requireCount } from "../in-test/in-test-options.ts";
import { jobInTest } from "../in-test/job-in-test.ts";
import { runJobInTest, undoInTest } from "../in-test/run-in-test.ts";
import { compareStates } from "./compare-states.ts";
import { columnsIgnoredBy } from "./ignored-columns.ts";
import { notTheSame } from "./not-the-same.ts";
import { Random } from "./random.ts";
import { type DatabaseState, readState } from "./read-state.ts";
import { planKills, runUnderKills, type Survived } from "./run-under-kills.ts";

export interface KillsOptions {
  /** is copied twice, and not changed */
  readonly database: TestDatabase;
  readonly parameters?: GivenParameters | undefined;
  /** batches that are killed; 5 when absent */
  readonly kills?: number | undefined;
  /** columns that do not count: `"id"` in every table, `"log.at"` in one */
  readonly ignore?: readonly string[] | undefined;
  /** most rows of a batch; when absent, chosen so that there are about twelve batches */
  readonly batchRows?: number | undefined;
  /** 2 when absent */
  readonly workers?: number | undefined;
  /**
   * whether the killed run is also undone, and everything must be as before; when absent, if the job is
   * `undoable`
   */
  readonly undo?: boolean | undefined;
  /** the seed of an earlier call, to repeat its kills */
  readonly seed?: number | undefined;
}

/** What was done to the job when it passed. */
export interface KillsReport {
  readonly seed: number;
  /** batches that were killed when only their commit was missing */
  readonly kills: number;
  /** how often the run was killed and resumed */
  readonly resumes: number;
  /** whether the run was undone and compared with what was there before */
  readonly undone: boolean;
}

/**
 * A job, or a function that makes it again for each process that there would be, so that no memory outlives a
 * kill.
 */
export type JobOrMaker = Job | (() => Job | Promise<Job>);

/**
 * Runs a job undisturbed on one copy of a database and under kills, in small batches, on another, and
 * compares every row of every table. Then undoes the killed run and compares with the state before it.
 * @throws AssertionError that lists what differs
 */
export async function expectSameAfterKills(job: JobOrMaker, options: KillsOptions): Promise<KillsReport> {
  const { database, ignore = [], seed = Math.floor(Math.random() * 2 ** 31) } = options;
  const make = async (): Promise<Job> => jobInTest(typeof job === "function" ? await job() : job);
  const whole = await runUndisturbed(await make(), options);
  return onCopyOf(database, async (copy) => {
    const kind = { job: whole.job, seed };
    const survived = await survive(make, copy, options, { ...kind, rows: whole.read });
    const isIgnored = await columnsIgnoredBy(copy, ignore);
    const after = compareStates(await readState(copy, isIgnored), whole.state);
    if (after.length > 0)
      throw notTheSame(after, { ...kind, ...survived, what: "end in the same state when it is killed" });
    const undone = options.undo !== false && (await undo(await make(), copy));
    if (undone) {
      const before = compareStates(await readState(copy, isIgnored), await readState(database, isIgnored));
      if (before.length > 0)
        throw notTheSame(before, {
          ...kind,
          ...survived,
          what: "restore what was there before when it is undone",
        });
    }
    return { seed, kills: survived.kills, resumes: survived.resumes, undone };
  });
}

interface Whole {
  readonly job: string;
  readonly state: DatabaseState;
  /** rows that the run read */
  readonly read: number;
}

/** More rows than a test has: every batch is as large as its range. */
const wholeBatch = 100_000;

async function runUndisturbed(job: Job, { database, parameters, ignore = [] }: KillsOptions): Promise<Whole> {
  return onCopyOf(database, async (copy) => {
    const report = await runJobInTest(job, { database: copy, parameters, batchRows: wholeBatch });
    if (report.status !== "succeeded")
      throw new UsageError(
        `${job.name} does not succeed even when nothing disturbs it: ${report.status}, ${report.message ?? report.stopReason}.`,
      );
    const { read } = report.rows;
    if (read === 0)
      throw new UsageError(`${job.name} read no row in this database, so there is nothing to kill.`, {
        remedy: 'Fill its table first: await database.query("insert into …").',
      });
    return { job: job.name, state: await readState(copy, await columnsIgnoredBy(copy, ignore)), read };
  });
}

const batchesWished = 12;

async function survive(
  make: () => Promise<Job>,
  database: TestDatabase,
  { kills = 5, workers = 2, batchRows, parameters }: KillsOptions,
  { job, seed, rows }: { readonly job: string; readonly seed: number; readonly rows: number },
): Promise<Survived> {
  requireCount("kills", kills);
  const plan = planKills(kills, new Random(seed));
  const size = batchRows ?? Math.ceil(rows / batchesWished);
  const survived = await runUnderKills(make, database, { workers, batchRows: size, parameters }, plan);
  if (survived.status !== "succeeded")
    throw new AssertionError({
      message: `${job} succeeds when nothing disturbs it, but is ${survived.status} when it is killed: ${survived.reason}\nTo repeat the same kills: seed: ${seed}`,
      actual: survived.status,
      expected: "succeeded",
    });
  if (survived.kills === 0) throw new UsageError(`No batch of ${job} was killed.`);
  return survived;
}

/** Answers false when the job itself says that it cannot be undone. */
async function undo(job: Job, database: TestDatabase): Promise<boolean> {
  if (!job.undoable) return false;
  try {
    await undoInTest(job, { database, batchRows: wholeBatch });
    return true;
  } catch (error) {
    if (error instanceof RefusedError && error.check === "steps-can-be-undone") return false;
    throw error;
  }
}

async function onCopyOf<T>(database: TestDatabase, work: (copy: TestDatabase) => Promise<T>): Promise<T> {
  await database.disconnect();
  return withCopyOf(await serverUrl(), database.name, work);
}
