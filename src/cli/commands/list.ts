import { parse } from "node:path";
import { exitCodes } from "../../engine/report/exit-code.ts";
import { readReport } from "../../engine/report/run-report.ts";
import { type JobState, neverRun, readJobStates } from "../../engine/state/job-state.ts";
import { type OrphanedJob, orphanedJobs } from "../../engine/state/orphaned-jobs.ts";
import { messageOf } from "../../errors.ts";
import { isConnectionLoss } from "../../postgres/failure/failure.ts";
import type { Stop } from "../../remedies/stops.ts";
import { waitingOf } from "../../remedies/waiting.ts";
import type { Run } from "../../store/runs/run.ts";
import { isFinished } from "../../store/runs/run-status.ts";
import type { Session } from "../../store/session.ts";
import { ordered } from "../jobs/load-in-order.ts";
import { type LoadedJob, loadJobs } from "../jobs/load-job.ts";
import { type CommonSettings, commonOptions, commonSettings } from "../options/settings.ts";
import { withStore } from "../options/with-store.ts";
import { defineTargetCommand } from "../targets/define-target-command.ts";
import { alignColumns, emphasise, printData, printJson, say, visible } from "../terminal/output.ts";

/** `tidefill list` */
export const listCommand = defineTargetCommand(
  {
    builder: (yargs) => commonOptions(yargs),
    handler: async (given) => {
      const settings = commonSettings(given);
      const { jobs, ignored } = await loadJobs(settings.jobs);
      const { states, gone, waiting } = await statesOf(settings, jobs);
      const standing = await standingOf(settings, states);
      // A job that cannot be loaded is reported below.
      const isGone = ({ run }: OrphanedJob) => !ignored.some(({ file }) => parse(file).name === run.job);
      const rows = [
        ...states.map((state) => listed(state, standing.get(state.job.name) ?? [], waiting)),
        ...gone.filter(isGone).map(listedGone),
      ];
      if (settings.json) printJson({ jobs: rows, ignored });
      else
        printData(
          rows.length === 0
            ? `There is no job in ${settings.jobs}/. Write one: tidefill new <job> --table <table>`
            : table(rows),
        );
      for (const { file, reason } of ignored) {
        // A file that only describes tables is not a mistake.
        if (!reason.includes("is not a job")) say(`${file}: ${reason}`);
      }
    },
  },
  { goesOn: true },
);

/** A job as `list` shows it. */
interface ListedJob {
  readonly job: string;
  /** `–` when the job's file is gone */
  readonly kind: string;
  /**
   * `pending`, `running`, `succeeded`, `undone`, `partly undone`, …; `unknown` where the database cannot be
   * reached
   */
  readonly state: string;
  /** what has changed since the job succeeded */
  readonly changedSince: readonly string[];
  /** earlier runs that are not undone although the last one is */
  readonly standing: readonly number[];
  readonly openSteps: readonly string[];
  readonly after: readonly string[];
  /** why its last run waits or has stopped, and what to type; null where it does neither */
  readonly waiting: Stop | null;
  readonly lastRun: {
    readonly run: number;
    readonly status: string;
    readonly startedAt: string | null;
    readonly finishedAt: string | null;
    /** the run that undid it */
    readonly undoneBy: number | null;
  } | null;
}

/** The jobs in their order; unordered, but still shown, when an `after` is wrong. */
async function statesOf(settings: CommonSettings, jobs: readonly LoadedJob[]): Promise<Known> {
  const ordered = orderOf(jobs);
  const reading = withStore(
    settings,
    async (session) => {
      const states = await readJobStates(session, ordered);
      return {
        states,
        gone: await orphanedJobs(session, states),
        waiting: await waitingRuns(session, states),
      };
    },
    { needsSchema: false },
  );
  return reading.catch((error: unknown) => {
    if (!isConnectionLoss(error)) throw error;
    say("The database cannot be reached, so the state of the jobs is unknown.");
    say(
      `${emphasise("cyan", "→")} Name it with --database-url or DATABASE_URL; for a PostgreSQL of tidefill's own: --embedded`,
    );
    process.exitCode = exitCodes.failed;
    return {
      states: ordered.map((job) => ({ ...neverRun(job), state: "unknown" as const })),
      gone: [],
      waiting: new Map(),
    };
  });
}

async function waitingRuns(session: Session, states: readonly JobState[]): Promise<Known["waiting"]> {
  const found = new Map<string, Stop>();
  for (const { job, run } of states) {
    if (run === null || isFinished(run.status)) continue;
    const waiting = waitingOf(await readReport(session, run));
    if (waiting !== null) found.set(job.name, waiting);
  }
  return found;
}

/** For each job whose last run was undone: the earlier runs that were not. */
async function standingOf(
  settings: CommonSettings,
  states: readonly Standing[],
): Promise<ReadonlyMap<string, readonly number[]>> {
  const undone = states.filter(({ state }) => state === "undone");
  if (undone.length === 0) return new Map();
  return withStore(settings, async ({ db, store }) => {
    const found = new Map<string, readonly number[]>();
    for (const { job } of undone)
      found.set(
        job.name,
        (await store.runs.notUndone(db, job.name, true)).map(({ id }) => Number(id)),
      );
    return found;
  });
}

/** The state of a job; `unknown` where the database cannot be reached. */
type Standing = Omit<JobState, "state"> & { readonly state: JobState["state"] | "unknown" };

interface Known {
  readonly states: readonly Standing[];
  readonly gone: readonly OrphanedJob[];
  /** by the job's name */
  readonly waiting: ReadonlyMap<string, Stop>;
}

function orderOf(jobs: readonly LoadedJob[]): readonly LoadedJob[] {
  try {
    return ordered(jobs);
  } catch (error) {
    say(messageOf(error));
    return jobs;
  }
}

function listed(
  { job, run, state, changedSince, steps }: Standing,
  standing: readonly number[],
  runs: Known["waiting"],
): ListedJob {
  const openSteps = [...steps.expand.open, ...steps.contract.open];
  const lastRun = lastRunOf(run);
  const { name, kind, after } = job;
  return {
    job: name,
    kind,
    state,
    changedSince,
    standing,
    openSteps,
    after,
    waiting: runs.get(name) ?? null,
    lastRun,
  };
}

function listedGone({ run, renamedTo }: OrphanedJob): ListedJob {
  const state = renamedTo === null ? "its file is gone" : `its file is gone; renamed to ${renamedTo}?`;
  return {
    job: run.job,
    kind: "–",
    state,
    changedSince: [],
    standing: [],
    openSteps: [],
    after: [],
    waiting: null,
    lastRun: lastRunOf(run),
  };
}

function lastRunOf(run: Run | null): ListedJob["lastRun"] {
  if (run === null) return null;
  return {
    run: Number(run.id),
    status: run.status,
    startedAt: run.startedAt,
    finishedAt: run.finishedAt,
    undoneBy: run.undoneBy === null ? null : Number(run.undoneBy),
  };
}

function stateShown({ state, changedSince, standing, openSteps, lastRun }: ListedJob): string {
  if (state === "undone")
    return [`undone by run ${lastRun?.undoneBy}`, ...standing.map((run) => `run ${run} is not undone`)].join(
      ", ",
    );
  const isOpen = state === "succeeded" && openSteps.length > 0;
  return [
    state,
    ...(changedSince.length > 0 ? ["changed since"] : []),
    ...(isOpen ? [`${openSteps.length} step${openSteps.length === 1 ? "" : "s"} open`] : []),
  ].join(", ");
}

function table(rows: readonly ListedJob[]): string {
  const cells = rows.map((row) => [
    row.job,
    row.kind,
    row.lastRun === null ? "–" : String(row.lastRun.run),
    stateShown(row),
    (row.lastRun?.finishedAt ?? row.lastRun?.startedAt ?? "–").replace(/\..*$/, ""),
  ]);
  // Below the table, since no column is wide enough.
  const waiting = rows.flatMap(({ job, waiting: waits }) =>
    waits === null ? [] : [visible(`${job}, ${waits.what} → ${waits.remedy}`)],
  );
  return [alignColumns([["JOB", "KIND", "RUN", "STATE", "SINCE"], ...cells]), ...waiting].join("\n");
}
