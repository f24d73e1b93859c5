import { parse } from "node:path";
import { listJobs } from "../../describe/list-jobs.ts";
import { planSummary } from "../../describe/plan-summary.ts";
import { readJobStates } from "../../engine/state/job-state.ts";
import { enqueueResume } from "../../fleet/enqueue/enqueue-resume.ts";
import { ownTarget } from "../../fleet/queue/item.ts";
import type { NamedTarget } from "../../fleet/targets/define-targets.ts";
import { readParameters } from "../../job/definition/parameters.ts";
import type { PagePlan, PageSources } from "../../page/read/page-sources.ts";
import { endpointName } from "../../postgres/connection/connect-failure.ts";
import { orderedIfPossible } from "../jobs/load-in-order.ts";
import { type LoadedJob, loadJobs } from "../jobs/load-job.ts";
import { planWhole } from "../jobs/plan-whole.ts";
import { say } from "../terminal/output.ts";
import { toTidefillError } from "../terminal/to-tidefill-error.ts";
import { withTarget, withTypedOptions } from "../terminal/typed-options.ts";
import type { openPageTarget } from "./open-page-target.ts";
import type { PageQueue } from "./page-queue.ts";

type OpenTarget = ReturnType<typeof openPageTarget>;

/** What the pages of a command are made of, besides its targets and its queue. */
interface Parts {
  readonly targets: readonly OpenTarget[];
  /** as the list of targets has them; empty without a list */
  readonly listed: readonly NamedTarget[];
  readonly queue: PageQueue;
  readonly away: PageSources["away"];
  /** the folder of the jobs */
  readonly folder: string;
}

/** Makes what pages need: the jobs are loaded once, as modules stay in memory while files may change. */
export async function openSources({ targets, listed, queue, away, folder }: Parts): Promise<PageSources> {
  const { jobs, ignored } = await loadJobs(folder);
  for (const { file, reason } of ignored) if (!reason.includes("is not a job")) say(`${file}: ${reason}`);
  const inOrder = orderedIfPossible(jobs, say);
  const names = ignored.map(({ file }) => parse(file).name);
  return {
    targets,
    queue: () => queue.reading(),
    away,
    where: whereOf(targets),
    jobs: (target) => listJobs(target.session, inOrder, names),
    plan: ({ name: target }, name) =>
      planOf(
        targets.find((each) => each.name === target),
        inOrder.find(({ job }) => job.name === name) ?? null,
        folder,
      ),
    resume: async ({ name }, job, run) => {
      const open = await queue.sending();
      if (open === null) return null;
      const target = listed.find((each) => each.name === name) ?? { name: ownTarget, url: "" };
      return enqueueResume(open, { job, run, target });
    },
    explain: toTidefillError,
    typed: (target, text) =>
      target === null || listed.length === 0 ? withTypedOptions(text) : withTarget(target.name, text),
  };
}

function whereOf(targets: readonly OpenTarget[]): string {
  const [only] = targets;
  if (targets.length !== 1 || only === undefined) return `${targets.length} targets`;
  return `${only.name} on ${endpointName(only.session.db.endpoint)}`;
}

async function planOf(
  target: OpenTarget | undefined,
  loaded: LoadedJob | null,
  folder: string,
): Promise<PagePlan | null> {
  if (loaded === null || target === undefined) return null;
  const { job } = loaded;
  const [state] = await readJobStates(target.planning, [loaded]);
  if (state === undefined) return null;
  // Those of the last run, since a page asks for none.
  const given = job.personalData ? {} : (state.run?.parameters ?? {});
  const parameters = await readParameters(job.parameters, given);
  const plan = await planWhole(target.planning, state, parameters, folder);
  return { plan, summary: planSummary(plan, job, job.kind === "steps" ? null : job.bind(parameters)) };
}
