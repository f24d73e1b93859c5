import { html } from "hono/html";
import { formatCount } from "../../observe/format.ts";
import { reasonsForRejects, rejectsAfter } from "../../store/rejects/reject-pages.ts";
import { slowLookMs } from "../read/look.ts";
import { moment, tableOf } from "./parts.ts";
import { runOf } from "./run-page.ts";
import { type Html, pathTo, targetOf, type View, type ViewContext, type Wanted } from "./view.ts";

const perPage = 100;
const mostReasons = 50;

/** `/runs/<target>/<run>/rejects`: the rejects of a run, a hundred a page. Keys are for operators. */
export async function rejectsPage(context: ViewContext, wanted: Wanted): Promise<View> {
  const target = targetOf(context, wanted);
  const run = await runOf(context, target, wanted);
  const { db, store } = target.session;
  const [reasons, total] = await context.look.read(
    `rejects of ${target.name}/${run.id}`,
    async () =>
      [
        await reasonsForRejects(db, store.schema, run.id, mostReasons),
        await store.rejects.count(db, run.id),
      ] as const,
    slowLookMs,
  );
  const path = pathTo(target, "runs", String(run.id));
  const title = `Rejects of ${run.job}, run ${run.id}`;
  const body = html`<h1>Rejects of <a href="${path}">${run.job}, run ${String(run.id)}</a></h1>
<p class="lead">${total === 0 ? "None." : `${formatCount(total)} rows.`}</p>
${
  total === 0
    ? ""
    : tableOf(
        "By reason",
        ["ROWS", "SQLSTATE", "REASON"],
        reasons.map(({ rows, sqlstate, reason }) => [formatCount(rows), sqlstate ?? "–", reason]),
      )
}
${total === 0 ? "" : wanted.mayOperate ? await keysOf(context, wanted, path) : html`<p class="note">The keys of the rows are shown to operators.</p>`}`;
  return { title, body };
}

async function keysOf(context: ViewContext, wanted: Wanted, path: string): Promise<Html> {
  const { db, store } = targetOf(context, wanted).session;
  const number = /^\d{1,18}$/.test(wanted.query.after ?? "") ? BigInt(wanted.query.after ?? 0) : 0n;
  const page = await rejectsAfter(db, store.schema, BigInt(wanted.params.run ?? 0), {
    number,
    most: perPage,
  });
  const rows = page.map(({ key, sqlstate, reason, rejectedAt }) => [
    key.join(", "),
    sqlstate ?? "–",
    reason,
    moment(rejectedAt),
  ]);
  const last = page.at(-1);
  return html`<section><h2>Rows</h2>${tableOf("Rejected rows", ["KEY", "SQLSTATE", "REASON", "AT"], rows)}
<nav class="paging" aria-label="Pages of rejects">${number > 0n ? html`<a href="${path}/rejects">First</a> ` : ""}${last !== undefined && page.length === perPage ? html`<a href="${path}/rejects?after=${String(last.number)}">Next ${String(perPage)}</a>` : ""}</nav>
<p>All of them: <a href="${path}/rejects.csv" download>CSV</a>, <a href="${path}/rejects.ndjson" download>NDJSON</a></p></section>`;
}
