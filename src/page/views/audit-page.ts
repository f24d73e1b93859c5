import { html } from "hono/html";
import { auditCells, auditHeading } from "../../describe/describe-audit.ts";
import type { AuditLine } from "../../store/audit/audit.ts";
import type { PageTarget } from "../read/page-sources.ts";
import { tableOf } from "./parts.ts";
import { type Html, pathTo, requireStore, type View, type ViewContext, type Wanted } from "./view.ts";

const perPage = 100;

/** `/audit` and `/audit/<target>`: who did what, newest first. */
export async function auditPage(context: ViewContext, wanted: Wanted): Promise<View> {
  const name = wanted.params.target;
  const target = context.targets.find((each) => each.name === name) ?? context.targets[0];
  if (target === undefined) return { title: "Audit", body: html`<h1>Audit</h1><p>There are no targets.</p>` };
  await requireStore(context, target);
  const before = /^\d{1,18}$/.test(wanted.query.before ?? "") ? BigInt(wanted.query.before ?? 0) : undefined;
  const { db, store } = target.session;
  const lines = (await store.audit.list(db, { before, limit: perPage })).toReversed();
  const body = html`<h1>Audit</h1>
${context.targets.length > 1 ? targetsOf(context, target) : ""}
${
  lines.length === 0
    ? html`<p>No line.</p>`
    : tableOf(
        `Audit trail of ${target.name}`,
        auditHeading,
        lines.map((line) => rowOf(target, line)),
      )
}
${pagingOf(target, lines, before !== undefined)}
<p class="note">To see that no line was changed or removed: <code>${context.typed(target, "tidefill audit --check")}</code></p>`;
  return { title: "Audit", body };
}

function rowOf(target: PageTarget, line: AuditLine): readonly (string | Html)[] {
  const [number = "", at = "", who = "", action = "", job = "", run = "", details = ""] = auditCells(line);
  const runLink =
    line.run === null ? run : html`<a href="${pathTo(target, "runs", String(line.run))}">${run}</a>`;
  return [number, at, who, action, job, runLink, details];
}

function targetsOf({ targets }: ViewContext, shown: PageTarget): Html {
  return html`<nav class="paging" aria-label="Targets">${targets.map(
    (each) =>
      html`<a href="${pathTo(each, "audit")}"${each === shown ? html` aria-current="page"` : ""}>${each.name}</a> `,
  )}</nav>`;
}

function pagingOf(target: PageTarget, lines: readonly AuditLine[], isOlder: boolean): Html {
  const last = lines.at(-1);
  const path = pathTo(target, "audit");
  return html`<nav class="paging" aria-label="Pages of the audit trail">${isOlder ? html`<a href="${path}">Newest</a> ` : ""}${last !== undefined && lines.length === perPage ? html`<a href="${path}?before=${String(last.number)}">Older</a>` : ""}</nav>`;
}
