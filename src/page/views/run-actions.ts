import { html } from "hono/html";
import { takingAway } from "../../describe/taking-away.ts";
import type { RunReport } from "../../engine/report/run-report.ts";
import { runName } from "../../remedies/stops.ts";
import { isFinished } from "../../store/runs/run-status.ts";
import type { PageTarget } from "../read/page-sources.ts";
import { withCommands } from "./parts.ts";
import { type Html, pathTo, type ViewContext } from "./view.ts";

export const actionNames = ["pause", "resume", "cancel", "pace"] as const;
export type ActionName = (typeof actionNames)[number];

/** The actions that the state of a run allows. */
export function actionsFor(report: RunReport, canResume: boolean): readonly ActionName[] {
  const { status, wanted } = report;
  if (isFinished(status)) return [];
  if (status === "running" || status === "pending")
    return wanted === "running" ? ["pause", "pace", "cancel"] : wanted === "paused" ? ["pace", "cancel"] : [];
  return [...(canResume && isResumable(report) ? (["resume"] as const) : []), "pace", "cancel"];
}

/** Whether a fleet could go on with a run: it runs jobs; an undo or a verify goes on by its command. */
export function isResumable({ status, kind }: RunReport): boolean {
  return kind === "run" && (status === "paused" || status === "interrupted" || status === "failed");
}

/** Buttons for what the state of a run allows, and the commands for what they cannot do. */
export function actionsOf(
  context: ViewContext,
  target: PageTarget,
  report: RunReport,
  { mayOperate, canResume }: { readonly mayOperate: boolean; readonly canResume: boolean },
): Html {
  const canOperate = mayOperate && target.operator !== null;
  const actions = canOperate ? actionsFor(report, canResume) : [];
  const commands = takingAway(report).map((line) => context.typed(target, line));
  if (actions.length === 0 && commands.length === 0) return html``;
  return html`<section class="actions"><h2>Actions</h2>
${
  actions.length === 0
    ? ""
    : html`<div class="buttons" data-needs-script hidden>${actions.map((name) => html`<button type="button" data-opens="dialog-${name}">${labels[name]}…</button>`)}</div>
<noscript><p>Buttons need JavaScript. Type instead: ${withCommands(typedInstead(context, target, report))}</p></noscript>
${actions.map((name) => dialogOf(name, target, report))}`
}
${commands.length === 0 ? "" : html`<details><summary>Undo, purge, erase: type these</summary><ul>${commands.map((line) => html`<li>${withCommands(line)}</li>`)}</ul></details>`}
</section>`;
}

const labels: Readonly<Record<ActionName, string>> = {
  pause: "Pause",
  resume: "Resume",
  cancel: "Cancel the run",
  pace: "Set the pace",
};

const effects: Readonly<Record<ActionName, string>> = {
  pause: "Its workers finish their batches and stop. It can go on later.",
  resume: "It goes to the queue, and a worker of the fleet goes on with it.",
  cancel: "It ends for good. What is committed stays.",
  pace: "Its workers apply it at their next commit. Leave empty what should stay; “default” resets it.",
};

function typedInstead({ typed }: ViewContext, target: PageTarget, report: RunReport): string {
  const name = runName(report);
  return typed(target, `tidefill pause ${name}   tidefill cancel ${name}   tidefill set ${name} workers=2`);
}

/** Asks once more; a cancelled run cannot go on, so its job's name is typed. */
function dialogOf(name: ActionName, target: PageTarget, report: RunReport): Html {
  const path = pathTo(target, "runs", report.run, name);
  const what = `${report.job}, run ${report.run}`;
  return html`<dialog id="dialog-${name}" aria-labelledby="title-${name}">
<form method="dialog" data-posts="${path}">
<h2 id="title-${name}">${labels[name]}: ${what}</h2>
<p>${effects[name]}</p>
${name === "cancel" ? html`<label>Type the job’s name, <code>${report.job}</code> <input name="name" autocomplete="off" spellcheck="false" required></label>` : ""}
${name === "pace" ? paceFields(report) : ""}
<p class="answer" role="alert"></p>
<div class="buttons"><button type="submit" class="primary">${labels[name]}</button> <button type="button" data-closes>Leave it</button></div>
</form></dialog>`;
}

/** The name of a setting, its label and an example; and what the run's own pace is called. */
const paces = [
  ["workers", "Workers of each process", "4", "workers"],
  ["batch-time", "Time of a batch", "250ms", "batchTime"],
  ["rows-per-second", "Rows a second at most", "5000", "rowsPerSecond"],
  ["window", "Hours (window)", "22:00-06:00 Europe/Berlin", "window"],
] as const;

function paceFields({ pace }: RunReport): Html {
  return html`${paces.map(([name, label, example, own]) => {
    const now = pace[own] === undefined ? "as the job says" : `now ${pace[own]}`;
    return html`<label>${label} <span class="note">${now}</span> <input name="${name}" data-setting autocomplete="off" spellcheck="false" placeholder="such as ${example}"></label>`;
  })}`;
}
