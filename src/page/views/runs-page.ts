import { html } from "hono/html";
import { runCells, runHeading } from "../../describe/describe-runs.ts";
import type { RunReport } from "../../engine/report/run-report.ts";
import { formatCount, formatPercent } from "../../observe/format.ts";
import { within } from "../../within.ts";
import type { PageTarget } from "../read/page-sources.ts";
import { mostRuns } from "../read/run-reports.ts";
import { moment, purposeOf, stateBadge, tableOf, whyOf, withCommands } from "./parts.ts";
import { type Html, pathTo, requireStore, type View, type ViewContext } from "./view.ts";

/** A target that is slower does not hide the rest. */
const patienceMs = 1_500;

interface Seen {
  readonly target: PageTarget;
  /** null where the target could not be looked at */
  readonly reports: readonly RunReport[] | null;
  readonly problem: string | null;
  /** what was thrown, where something was */
  readonly thrown: unknown;
}

interface ListedRun {
  readonly target: PageTarget;
  readonly report: RunReport;
}

/** `/`: the runs of all targets, active ones first. */
export async function runsPage(context: ViewContext): Promise<View> {
  const seen = await Promise.all(context.targets.map((target) => look(context, target)));
  if (context.targets.length === 1 && seen[0]?.thrown != null) throw seen[0].thrown;
  const runs = seen
    .flatMap(({ target, reports }) => (reports ?? []).map((report) => ({ target, report })))
    .toSorted(byUrgency);
  const away = [
    ...context.away,
    ...seen.flatMap(({ target: { name }, problem }) => (problem === null ? [] : [{ name, problem }])),
  ];
  const body = html`<h1>Runs</h1>
<p class="lead" role="status">${summaryOf(runs)}</p>
${away.map(({ name, problem }) => html`<p class="why failed"><strong>${name}</strong> ${problem}</p>`)}
${runs.length === 0 ? html`<p>No run yet. Start one: <code>tidefill run &lt;job&gt;</code></p>` : table(context, runs)}
${runs.length >= mostRuns ? html`<p class="note">The newest ${String(mostRuns)} runs of each target are listed.</p>` : ""}`;
  return { title: "Runs", body };
}

async function look(context: ViewContext, target: PageTarget): Promise<Seen> {
  const reading = requireStore(context, target).then(() =>
    context.look.read(`runs of ${target.name}`, () => context.reports.recent(target)),
  );
  try {
    const reports = await within(patienceMs, reading);
    return {
      target,
      reports: reports ?? null,
      problem: reports === undefined ? "does not answer yet" : null,
      thrown: null,
    };
  } catch (thrown) {
    const error = context.explain(thrown);
    if (error.code === "schema-missing") return { target, reports: [], problem: null, thrown: null };
    return { target, reports: null, problem: error.message, thrown };
  }
}

function table(context: ViewContext, runs: readonly ListedRun[]): Html {
  const hasNames = context.targets.length > 1;
  const heading = [...(hasNames ? ["TARGET"] : []), ...runHeading, "BEGAN (UTC)"];
  const rows = runs.map(({ target, report }) => {
    const [job = "", run = "", , , ...rest] = runCells(report);
    return [
      ...(hasNames ? [target.name] : []),
      html`<a href="${pathTo(target, "runs", report.run)}">${job}</a>${purposeOf(report)}`,
      html`<a href="${pathTo(target, "runs", report.run)}">${run}</a>`,
      html`${stateBadge(report)}${reasonOf(context, target, report)}`,
      progressOf(report),
      ...rest,
      report.startedAt === null ? "–" : moment(report.startedAt),
    ];
  });
  return tableOf("Runs", heading, rows);
}

function reasonOf({ typed }: ViewContext, target: PageTarget, report: RunReport): Html | string {
  const why = whyOf(report);
  if (why === null) return "";
  return html`<div class="why">${why.what} <span class="remedy">→ ${withCommands(typed(target, why.remedy))}</span></div>`;
}

/** How much of a run is done, as a bar and in words. */
export function progressOf({ progress, job, run }: RunReport): Html {
  const text = formatPercent(progress);
  return html`<span class="share"><progress max="1" value="${String(progress)}" aria-label="${job}, run ${String(run)}">${text}</progress> ${text}</span>`;
}

const order = ["running", "pending", "failed", "interrupted", "paused", "incomplete"];

/** Active runs first, then those that need an operator, then the newest. */
function byUrgency(one: ListedRun, other: ListedRun): number {
  const rank = ({ report: { status } }: ListedRun): number => {
    const at = order.indexOf(status);
    return at < 0 ? order.length : at;
  };
  const began = ({ report: { startedAt } }: ListedRun): number => Date.parse(startedAt ?? "") || 0;
  return rank(one) - rank(other) || began(other) - began(one);
}

function summaryOf(runs: readonly ListedRun[]): string {
  const count = (status: string): number => runs.filter(({ report }) => report.status === status).length;
  const parts = ["running", "pending", "paused", "interrupted", "failed", "succeeded", "cancelled"]
    .map((status) => [status, count(status)] as const)
    .filter(([status, number]) => number > 0 || status === "running")
    .map(([status, number]) => `${formatCount(number)} ${status}`);
  return parts.join(", ");
}
