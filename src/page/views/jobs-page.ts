import { html } from "hono/html";
import { jobCells, jobHeading } from "../../describe/describe-jobs.ts";
import type { ListedJob } from "../../describe/list-jobs.ts";
import type { PageTarget } from "../read/page-sources.ts";
import { tableOf, withCommands } from "./parts.ts";
import { type Html, pathTo, type View, type ViewContext } from "./view.ts";

/** The states of jobs change slowly, and many tables are read for them. */
const readEveryMs = 5_000;

/** `/jobs`: the jobs of the folder with their states in each target. */
export async function jobsPage(context: ViewContext): Promise<View> {
  const sections = await Promise.all(context.targets.map((target) => sectionOf(context, target)));
  const body = html`<h1>Jobs</h1>
<p class="lead">In their order, as their files were when <code>tidefill serve</code> was started.</p>
${sections}`;
  return { title: "Jobs", body };
}

async function sectionOf(context: ViewContext, target: PageTarget): Promise<Html> {
  const hasName = context.targets.length > 1;
  const heading = hasName ? html`<h2>${target.name}</h2>` : "";
  try {
    const jobs = await context.look.read(`jobs of ${target.name}`, () => context.jobs(target), readEveryMs);
    if (jobs.length === 0)
      return html`${heading}<p>There is no job here. Write one: <code>tidefill new &lt;job&gt; --table &lt;table&gt;</code></p>`;
    return html`${heading}${tableOf(
      `Jobs of ${target.name}`,
      jobHeading,
      jobs.map((job) => rowOf(target, job)),
    )}
${jobs.map((job) => (job.waiting === null ? "" : html`<p class="why"><strong>${job.job}</strong> ${job.waiting.what} <span class="remedy">→ ${withCommands(context.typed(target, job.waiting.remedy))}</span></p>`))}`;
  } catch (thrown) {
    if (!hasName) throw thrown;
    return html`${heading}<p class="why failed">${context.explain(thrown).message}</p>`;
  }
}

function rowOf(target: PageTarget, job: ListedJob): readonly (string | Html)[] {
  const [name = "", kind = "", run = "", ...rest] = jobCells(job);
  const hasFile = kind !== "–";
  return [
    hasFile ? html`<a href="${pathTo(target, "jobs", name)}">${name}</a>` : name,
    kind,
    job.lastRun === null ? run : html`<a href="${pathTo(target, "runs", job.lastRun.run)}">${run}</a>`,
    ...rest,
  ];
}
