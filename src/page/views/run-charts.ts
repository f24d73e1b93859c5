import { html } from "hono/html";
import { historyHeading, type Period, periodCells, periodsOf } from "../../describe/describe-history.ts";
import type { Run } from "../../store/runs/run.ts";
import type { StoredSample } from "../../store/runs/samples.ts";
import { maxAgeOf } from "../read/look.ts";
import type { PageTarget } from "../read/page-sources.ts";
import { moment, tableOf } from "./parts.ts";
import { type Html, pathTo, type ViewContext } from "./view.ts";

/** As many points as a chart shows. */
const mostPoints = 500;

/** The history of a run for its charts. */
export async function historyOf(
  { look }: ViewContext,
  { name, session: { db, store } }: PageTarget,
  run: Run,
): Promise<readonly StoredSample[]> {
  const read = () => store.samples.list(db, run.id, mostPoints);
  return look.read(`history of ${name}/${run.id} ${run.status}`, read, maxAgeOf(run));
}

/** Charts of a run's speed and of its batches, the strip of why it was held back, and the same as a table. */
export async function chartsOf(context: ViewContext, target: PageTarget, run: Run): Promise<Html> {
  const samples = await historyOf(context, target, run);
  const last = samples.at(-1);
  if (last === undefined || samples.length < 2)
    return html`<section><h2>History</h2><p class="note">A run is sampled every ten seconds while it is at work.</p></section>`;
  const periods = periodsOf(samples);
  const source = pathTo(target, "runs", String(run.id), "history.json");
  const hasLag = samples.some(({ lagSeconds }) => lagSeconds !== null);
  // A single point is no line.
  const hasWal = samples.filter(({ walBytesPerSecond }) => walBytesPerSecond !== null).length > 1;
  const hasBatches = samples.filter(({ batch }) => batch !== null).length > 1;
  return html`<section><h2>History</h2>
<div class="charts" data-source="${source}" data-stamp="${last.at}" data-needs-script hidden>
${chart("speed", "Rows a second")}
${hasBatches ? chart("batch", "Time of a batch by phase, in milliseconds") : ""}
${hasLag ? chart("lag", "Lag of the slowest standby, in seconds") : ""}
${hasWal ? chart("wal", "WAL of the run, in MB a second") : ""}
</div>
${stripOf(periods)}
<details><summary>As a table</summary>${tableOf("History", historyHeading, periods.map(cellsOf))}</details>
</section>`;
}

function cellsOf(period: Period): readonly (string | Html)[] {
  const [, ...rest] = periodCells(period);
  return [moment(period.from), ...rest];
}

function chart(name: string, title: string): Html {
  return html`<figure class="chart" id="chart-${name}" data-chart="${name}"><figcaption>${title}</figcaption><div class="plot"></div></figure>`;
}

const wide = 1_000;

/** When the run went at full pace, slower, not at all, or had no process. */
function stripOf(periods: readonly Period[]): Html {
  const [first, last] = [periods[0], periods.at(-1)];
  if (first === undefined || last === undefined) return html``;
  const [from, to] = [Date.parse(first.from), Date.parse(last.to)];
  const at = (iso: string): number => ((Date.parse(iso) - from) / Math.max(1, to - from)) * wide;
  const bars = periods.map((period) => {
    const [left, right] = [at(period.from), at(period.to)];
    const words = `${period.from.slice(11, 19)} to ${period.to.slice(11, 19)} UTC: ${wordsOf(period)}`;
    return html`<rect class="${classOf(period)}" x="${left.toFixed(1)}" y="0" width="${Math.max(0.5, right - left).toFixed(1)}" height="14"><title>${words}</title></rect>`;
  });
  return html`<figure class="strip"><figcaption>Pace: <span class="key full"></span> full, <span class="key slowed"></span> slowed down, <span class="key held"></span> held, <span class="key away"></span> no process</figcaption>
<svg viewBox="0 0 ${String(wide)} 14" preserveAspectRatio="none" role="img" aria-label="How fast the run was allowed to go, by time; the table below says the same">${bars}</svg></figure>`;
}

function wordsOf({ level, reason }: Period): string {
  if (level === null) return "no process was at work";
  return reason ?? "full pace";
}

function classOf({ level, reason }: Period): string {
  if (level === null) return "away";
  if (level === 0) return "held";
  return level < 1 || reason !== null ? "slowed" : "full";
}
