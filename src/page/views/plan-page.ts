import { html } from "hono/html";
import { describePlan } from "../../describe/describe-plan.ts";
import type { PagePlan } from "../read/page-sources.ts";
import { factsOf, tableOf, withCommands } from "./parts.ts";
import { type Html, NotFoundError, targetOf, type View, type ViewContext, type Wanted } from "./view.ts";

/** A plan looks at statistics of whole tables. */
const readEveryMs = 30_000;

/** `/jobs/<target>/<job>`: what a run of the job would do, and the checklist. */
export async function planPage(context: ViewContext, wanted: Wanted): Promise<View> {
  const target = targetOf(context, wanted);
  const job = wanted.params.job ?? "";
  const found = await context.look.read(
    `plan of ${job} in ${target.name}`,
    () => context.plan(target, job),
    readEveryMs,
  );
  if (found === null) throw new NotFoundError(`There is no job "${job}" in the folder of the jobs.`);
  const { plan, summary } = found;
  const type = (text: string): string => context.typed(target, text);
  const body = html`<h1>${job}</h1>
<p class="lead">What a run would do. Nothing was written. To run it: ${withCommands(type(`tidefill run ${job}`))}</p>
${refusalsOf(found, job, type)}
<section><h2>Plan</h2>${factsOf(summary.map(asFact))}</section>
${warningsOf(found, type)}
${stepsOf(found)}
<section><h2>Checklist</h2>${tableOf(
    "Checklist",
    ["", "QUESTION", "ANSWER"],
    plan.checklist.map(({ question, isGood, answer }) => [
      isGood ? "✓" : "–",
      question,
      withCommands(type(answer)),
    ]),
  )}</section>
<details><summary>As <code>tidefill plan ${job} --sql</code> prints it</summary><pre tabindex="0">${describePlan(plan, summary, true)}</pre></details>`;
  return { title: `Plan of ${job}`, body };
}

/** Why a run would be refused. What only the role of the page may not do says nothing about the role of a run. */
function refusalsOf({ plan }: PagePlan, job: string, type: (text: string) => string): Html {
  const ofRole = plan.refusals.filter(({ message }) => message.startsWith("The role "));
  const role = /^The role (\S+)/.exec(ofRole[0]?.message ?? "")?.[1];
  const rest = plan.refusals.filter((refusal) => !ofRole.includes(refusal));
  return html`${rest.map(
    ({ message, remedy }) =>
      html`<p class="why failed"><strong>refused</strong> ${message} <span class="remedy">→ ${withCommands(type(remedy))}</span></p>`,
  )}${role === undefined ? "" : html`<p class="note">The page looks as the role ${role}, which may not read or write what the job does, so rows, time and costs are unknown here. As the role that runs it: ${withCommands(type(`tidefill plan ${job}`))}</p>`}`;
}

/** `  where      public.essays` as a name and a value. */
function asFact(line: string): readonly [string, string] {
  const [, name = "", value = ""] = /^\s*(\S+(?: \S+)*?)\s{2,}(.*)$/.exec(line) ?? ["", "", line.trim()];
  return [name, value];
}

function warningsOf({ plan }: PagePlan, type: (text: string) => string): Html {
  if (plan.warnings.length === 0) return html``;
  return html`<section><h2>Know before the run</h2><ul>${plan.warnings.map(
    ({ message, remedy }) =>
      html`<li>${message} <span class="remedy">→ ${withCommands(type(remedy))}</span></li>`,
  )}</ul></section>`;
}

function stepsOf({ plan }: PagePlan): Html {
  if (plan.steps.length === 0) return html``;
  const rows = plan.steps.map(({ phase, name, isDone, takesAway }) => [
    phase === "expand" ? "before the rows" : takesAway ? "by tidefill contract" : "after the rows",
    name,
    isDone ? "done" : "open",
  ]);
  return html`<section><h2>Steps</h2>${tableOf("Steps", ["WHEN", "STEP", "STATE"], rows)}</section>`;
}
