import { html } from "hono/html";
import { runFacts } from "../../describe/describe-run.ts";
import { describeState } from "../../describe/describe-state.ts";
import type { RunReport } from "../../engine/report/run-report.ts";
import { formatCount, formatInterval, formatSeconds } from "../../observe/format.ts";
import { rowWord } from "../../observe/row-word.ts";
import { waitingOf } from "../../remedies/waiting.ts";
import type { Run } from "../../store/runs/run.ts";
import { isFinished } from "../../store/runs/run-status.ts";
import type { PageTarget } from "../read/page-sources.ts";
import { factsOf, stateBadge, withCommands } from "./parts.ts";
import { actionsOf } from "./run-actions.ts";
import { chartsOf } from "./run-charts.ts";
import { auditOf, rejectsOf, stagesOf, stepsOf, workersOf } from "./run-sections.ts";
import { progressOf } from "./runs-page.ts";
import { type Html, NotFoundError, targetOf, type View, type ViewContext, type Wanted } from "./view.ts";

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
  const title = `${run.job}, run ${run.id}`;
  const where = context.targets.length > 1 ? html` <span class="note">on ${target.name}</span>` : "";
  const body = html`<h1>${run.job}, run ${String(run.id)}${where}</h1>
${headOf(context, target, report)}
${tilesOf(report)}
${actionsOf(context, target, report, wanted.mayOperate)}
${await chartsOf(context, target, run)}
<section><h2>Facts</h2>${factsOf(facts)}</section>
${await workersOf(target, report)}
${stagesOf(report)}
${await rejectsOf(context, target, run)}
${await stepsOf(target, run)}
${await auditOf(context, target, run)}`;
  return { title: `${title}: ${describeState(report)}`, body };
}

/** The run that the address names. @throws NotFoundError */
export async function runOf(context: ViewContext, target: PageTarget, { params }: Wanted): Promise<Run> {
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
  const waiting = report.undoneBy === null ? waitingOf(report) : null;
  return html`<div class="head">
<p class="lead" role="status">${stateBadge(report)}${waiting === null ? "" : html` <span class="why">${waiting.what}</span>`}</p>
${waiting === null ? "" : html`<p class="remedy">→ ${withCommands(typed(target, waiting.remedy))}</p>`}
<p class="done">${progressOf(report)} of ~${formatCount(report.rows.estimated ?? 0)} rows</p>
</div>`;
}

/** The figures that tell whether it goes well. */
function tilesOf(report: RunReport): Html {
  const { rows, status, rowsPerSecond, etaInterval, workers, secondsSinceCheckpoint } = report;
  const ended = isFinished(status);
  const tiles: readonly (readonly [string, string | null])[] = [
    [ended ? "rows/s on average" : "rows/s", report.hasRows ? formatCount(rowsPerSecond) : null],
    ["left", ended ? null : etaInterval === null ? "unknown" : formatInterval(etaInterval)],
    [
      `rows ${report.kind === "verify" ? "compared" : rowWord(report)}`,
      formatCount(report.kind === "verify" ? rows.read : rows.written),
    ],
    ["rejected", formatCount(rows.rejected + rows.swallowed)],
    ["workers", ended ? null : String(workers)],
    [
      "last commit",
      ended || secondsSinceCheckpoint === null
        ? null
        : `${formatSeconds(Math.round(secondsSinceCheckpoint))} ago`,
    ],
  ];
  return html`<ul class="tiles">${tiles
    .filter(([, value]) => value !== null)
    .map(([name, value]) => html`<li><strong>${value}</strong> <span>${name}</span></li>`)}</ul>`;
}
