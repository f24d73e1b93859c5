import { html } from "hono/html";
import { describeExtent, runFacts } from "../../describe/describe-run.ts";
import { describeState } from "../../describe/describe-state.ts";
import { listedRows } from "../../describe/listed-rows.ts";
import type { RunReport } from "../../engine/report/run-report.ts";
import { formatCount, formatInterval, formatSeconds } from "../../observe/format.ts";
import { rowWord } from "../../observe/row-word.ts";
import { repairOfReport } from "../../remedies/repair.ts";
import type { Run } from "../../store/runs/run.ts";
import { within } from "../../within.ts";
import type { PageTarget } from "../read/page-sources.ts";
import { factsOf, purposeOf, stateBadge, whyOf, withCommands } from "./parts.ts";
import { actionsOf, isResumable } from "./run-actions.ts";
import { chartsOf } from "./run-charts.ts";
import { auditOf, rejectsOf, stagesOf, stepsOf, workersOf } from "./run-sections.ts";
import { progressOf } from "./runs-page.ts";
import {
  type Html,
  NotFoundError,
  pathTo,
  requireStore,
  targetOf,
  type View,
  type ViewContext,
  type Wanted,
} from "./view.ts";

const queuePatienceMs = 1_000;
/** Shown to operators only: it is the key of a row. */
const factsWithKeys = ["watermark"];
/** Shown elsewhere on the page. */
const factsAbove = [
  "speed",
  "left",
  "job",
  "state",
  "done",
  "→",
  "held",
  "slowed down",
  "held back",
  "waiting",
  "why",
  "message",
];

/** `/runs/<target>/<run>`: everything about one run. */
export async function runPage(context: ViewContext, wanted: Wanted): Promise<View> {
  const target = targetOf(context, wanted);
  const run = await runOf(context, target, wanted);
  const report = await context.reports.of(target, run);
  const facts = runFacts(report).filter(
    ([name]) => !factsAbove.includes(name) && (wanted.mayOperate || !factsWithKeys.includes(name)),
  );
  const canResume = wanted.mayOperate && isResumable(report) && (await hasQueue(context));
  const title = `${run.job}, run ${run.id}`;
  const where = context.targets.length > 1 ? html` <span class="note">on ${target.name}</span>` : "";
  const body = html`<h1>${run.job}, run ${String(run.id)}${purposeOf(report)}${where}</h1>
${headOf(context, target, report)}
${tilesOf(report)}
${actionsOf(context, target, report, { mayOperate: wanted.mayOperate, canResume })}
${await chartsOf(context, target, run)}
<section><h2>Facts</h2>${factsOf(facts)}</section>
${await workersOf(target, report)}
${stagesOf(report)}
${await rejectsOf(context, target, run)}
${await stepsOf(target, run)}
${await auditOf(context, target, run)}`;
  return { title: `${title}: ${describeState(report)}`, body };
}

/** Whether there is a queue, as far as that is known at once: a page does not wait for it. */
async function hasQueue({ queue }: ViewContext): Promise<boolean> {
  const found = await within(
    queuePatienceMs,
    queue().catch(() => null),
  );
  return found !== undefined && found !== null;
}

/** The run that the address names. @throws NotFoundError */
export async function runOf(context: ViewContext, target: PageTarget, { params }: Wanted): Promise<Run> {
  await requireStore(context, target);
  const { db, store } = target.session;
  const id = params.run ?? "";
  const run = /^\d{1,18}$/.test(id)
    ? await context.look.read(`run ${id} of ${target.name}`, () => store.runs.find(db, BigInt(id)))
    : null;
  if (run === null)
    throw new NotFoundError(`There is no run ${id} in ${target.name}. It may have been purged.`);
  return run;
}

/** The state with its reason and what to do: what an operator reads first. */
function headOf({ typed }: ViewContext, target: PageTarget, report: RunReport): Html {
  const why = whyOf(report);
  const remedy = why?.remedy ?? repairOfReport(report);
  return html`<div class="head">
<p class="lead" role="status">${stateBadge(report)}${why === null ? "" : html` <span class="why">${why.what}</span>`}</p>
${remedy === null ? "" : html`<p class="remedy">→ ${withCommands(typed(target, remedy))}</p>`}
<p class="done">${progressOf(report)} ${describeExtent(report)}</p>
<p class="note">${linksOf(target, report)}</p>
</div>`;
}

/** Where else to look. */
function linksOf(target: PageTarget, { job, ofRun, undoneBy }: RunReport): Html {
  const runLink = (run: number) => html`<a href="${pathTo(target, "runs", run)}">run ${String(run)}</a>`;
  return html`<a href="${pathTo(target, "jobs", job)}">Plan of the job</a>${ofRun === null ? "" : html`, about ${runLink(ofRun)}`}${undoneBy === null ? "" : html`, undone by ${runLink(undoneBy)}`}`;
}

/** The figures that tell whether it goes well. */
function tilesOf(report: RunReport): Html {
  const { rows, status, kind, rowsPerSecond, etaInterval, workers, secondsSinceCheckpoint } = report;
  const isAtWork = status === "running" || status === "pending";
  const tiles: readonly (readonly [string, string | null])[] = [
    [isAtWork ? "rows/s" : "rows/s on average", report.hasRows ? formatCount(rowsPerSecond) : null],
    ["left", isAtWork ? (etaInterval === null ? "unknown" : formatInterval(etaInterval)) : null],
    [
      `rows ${kind === "verify" ? "compared" : rowWord(report)}`,
      formatCount(kind === "verify" ? rows.read : rows.written),
    ],
    [listedWord[kind], formatCount(listedRows(report))],
    ["workers", isAtWork ? String(workers) : null],
    [
      "last commit",
      isAtWork && secondsSinceCheckpoint !== null
        ? `${formatSeconds(Math.round(secondsSinceCheckpoint))} ago`
        : null,
    ],
  ];
  return html`<ul class="tiles">${tiles
    .filter(([, value]) => value !== null)
    .map(([name, value]) => html`<li><strong>${value}</strong> <span>${name}</span></li>`)}</ul>`;
}

const listedWord = { run: "rejected", undo: "conflicts", verify: "differences" } as const;
