import { html } from "hono/html";
import { describePlan } from "../../describe/describe-plan.ts";
import { UsageError } from "../../errors.ts";
import type { PagePlan } from "../read/page-sources.ts";
import { factsOf, tableOf, withCommands } from "./parts.ts";
import { type Html, NotFoundError, targetOf, type View, type ViewContext, type Wanted } from "./view.ts";

/** A plan looks at statistics of whole tables. */
const readEveryMs = 30_000;

/** `/jobs/<target>/<job>`: what a run of the job would do, and the checklist. */
export async function planPage(context: ViewContext, wanted: Wanted): Promise<View> {
  const target = targetOf(context, wanted);
  const job = wanted.params.job ?? "";
  const found = await context.look
    .read(`plan of ${job} in ${target.name}`, () => context.plan(target, job), readEveryMs)
    .catch((error: unknown) => {
      if (error instanceof UsageError) return error;
      throw error;
    });
  if (found === null) throw new NotFoundError(`There is no job "${job}" in the folder of the jobs.`);
  if (found instanceof UsageError) return withoutPlan(job, found, (text) => context.typed(target, text));
  const { plan, summary } = found;
  const type = (text: string): string => context.typed(target, text);
  const body = html`<h1>${job}</h1>
<p class="lead">What a run would do. Nothing was written. To run it: ${withCommands(type(`tidefill run ${job}`))}</p>
${refusalsOf(found, job, type)}
<section><h2>Plan</h2>${factsOf(summaryOf(found))}</section>
${warningsOf(found, type)}
${stepsOf(found)}
<section><h2>Checklist</h2>${tableOf(
    "Checklist",
    ["GOOD", "QUESTION", "ANSWER"],
    plan.checklist.map(({ question, isGood, answer }) => [
      isGood ? "✓" : "–",
      question,
      withCommands(type(answer)),
    ]),
  )}</section>
${plan.refusals.some(isOfRole) ? "" : html`<details><summary>As <code>tidefill plan ${job} --sql</code> prints it</summary><pre tabindex="0">${describePlan(plan, summary, true)}</pre></details>`}`;
  return { title: `Plan of ${job}`, body };
}

/** What a viewer may not do says nothing about the role that runs the job. */
const checksOfRole = ["columns-can-be-written", "own-tables-can-be-written"];

function isOfRole({ check }: PagePlan["plan"]["refusals"][number]): boolean {
  return checksOfRole.includes(check);
}

function refusalsOf({ plan }: PagePlan, job: string, type: (text: string) => string): Html {
  const rest = plan.refusals.filter((refusal) => !isOfRole(refusal));
  return html`${rest.map(
    ({ message, remedy }) =>
      html`<p class="why failed"><strong>refused</strong> ${message} <span class="remedy">→ ${withCommands(type(remedy))}</span></p>`,
  )}${plan.refusals.some(isOfRole) ? html`<p class="note">The page’s own role may not read or write what the job does, so rows, time and costs are unknown here. As the role that runs it: ${withCommands(type(`tidefill plan ${job}`))}</p>` : ""}`;
}

/** The summary; where only the page's role is in the way, nothing is said of a refusal. */
function summaryOf({ plan, summary }: PagePlan): readonly (readonly [string, string])[] {
  const onlyOfRole = plan.refusals.length > 0 && plan.refusals.every(isOfRole);
  return summary.map(asFact).filter(([name]) => !(onlyOfRole && ["rows", "checks"].includes(name)));
}

/** A job that wants parameters, and has never run, can only be planned with them. */
function withoutPlan(job: string, { message }: UsageError, type: (text: string) => string): View {
  const body = html`<h1>${job}</h1>
<p class="lead">There is no plan of it here: ${message}</p>
<p class="remedy">→ ${withCommands(type(`tidefill plan ${job} --param name=value`))}</p>`;
  return { title: `Plan of ${job}`, body };
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
