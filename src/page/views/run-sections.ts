import { html } from "hono/html";
import { auditCells, auditHeading } from "../../describe/describe-audit.ts";
import type { RunReport } from "../../engine/report/run-report.ts";
import { formatCount, formatPercent, formatSeconds } from "../../observe/format.ts";
import { reasonsForRejects } from "../../store/rejects/reject-pages.ts";
import { leasedRanges } from "../../store/runs/leased-ranges.ts";
import type { Run } from "../../store/runs/run.ts";
import { maxAgeOf, slowLookMs } from "../read/look.ts";
import type { PageTarget } from "../read/page-sources.ts";
import { tableOf } from "./parts.ts";
import { type Html, pathTo, type ViewContext } from "./view.ts";

const mostReasons = 10;
const mostLines = 20;
const none = html``;

/** The processes at work on a run, and the ranges that they have now. */
export async function workersOf(
  { session: { db, store } }: PageTarget,
  { run, status, processes }: RunReport,
): Promise<Html> {
  if (status !== "running" || processes.length === 0) return none;
  const ranges = await leasedRanges(db, store.schema, BigInt(run));
  const rows = processes.map(({ host, pid, workers }) => [host, String(pid), formatCount(workers)]);
  const parts = ranges.map(({ number, walked, planned, secondsSinceCheckpoint: since }) => [
    String(number),
    planned === null ? formatCount(walked) : `${formatCount(walked)} of ~${formatCount(planned)}`,
    since === null ? "none yet" : `${formatSeconds(Math.round(since))} ago`,
  ]);
  return html`<section><h2>Workers</h2>${tableOf("Processes", ["HOST", "PROCESS", "WORKERS"], rows)}
${parts.length === 0 ? "" : tableOf("Ranges that they work on", ["RANGE", "ROWS", "LAST COMMIT"], parts)}</section>`;
}

/** The stages of a rollout: which are done, and which comes next. */
export function stagesOf({ stages, stage, status, stopReason, stagesAreAutomatic }: RunReport): Html {
  if (stages.length === 0) return none;
  const isAtEnd = stopReason === "canary" || status === "succeeded";
  const rows = stages.map((share, number) => [
    String(number + 1),
    formatPercent(share),
    number < stage || (number === stage && isAtEnd) ? "done" : number === stage ? "now" : "later",
  ]);
  const next = stagesAreAutomatic
    ? "A good stage is followed by the next."
    : "Each stage waits for a resume.";
  return html`<section><h2>Stages</h2>${tableOf("Stages", ["STAGE", "ROWS", "STATE"], rows)}<p class="note">${next}</p></section>`;
}

/** Why rows were rejected; the keys are on a page of their own. */
export async function rejectsOf({ look }: ViewContext, target: PageTarget, run: Run): Promise<Html> {
  const { db, store } = target.session;
  const reasons = await look.read(
    `reasons of ${target.name}/${run.id}`,
    () => reasonsForRejects(db, store.schema, run.id, mostReasons),
    maxAgeOf(run),
  );
  if (reasons.length === 0) return none;
  const rows = reasons.map(({ reason, sqlstate, rows }) => [formatCount(rows), sqlstate ?? "–", reason]);
  return html`<section><h2>Rejects</h2>${tableOf("Rejects by reason", ["ROWS", "SQLSTATE", "REASON"], rows)}
<p><a href="${pathTo(target, "runs", String(run.id), "rejects")}">Which rows</a></p></section>`;
}

/** The schema changes of the run's job, as far as they are begun or done. */
export async function stepsOf({ session: { db, store } }: PageTarget, { job }: Run): Promise<Html> {
  const steps = (await store.steps.known(db)).filter((step) => step.job === job);
  if (steps.length === 0) return none;
  const rows = steps.map(({ phase, name, state }) => [
    phase === "expand" ? "before the rows" : "after the rows",
    name,
    state,
  ]);
  return html`<section><h2>Steps</h2>${tableOf("Steps of the job", ["WHEN", "STEP", "STATE"], rows)}</section>`;
}

/** What was done to the run, and by which role and person. */
export async function auditOf({ look }: ViewContext, target: PageTarget, run: Run): Promise<Html> {
  const { db, store } = target.session;
  const lines = await look.read(
    `audit of ${target.name}/${run.id}`,
    () => store.audit.list(db, { run: run.id, limit: mostLines }),
    slowLookMs,
  );
  if (lines.length === 0) return none;
  return html`<section><h2>Audit</h2>${tableOf("Audit lines of the run", auditHeading, lines.toReversed().map(auditCells))}</section>`;
}
