import { html } from "hono/html";
import { describeState } from "../../describe/describe-state.ts";
import { typedCommand } from "../../describe/typed-command.ts";
import { visible } from "../../describe/visible.ts";
import type { RunReport } from "../../engine/report/run-report.ts";
import type { Html } from "./view.ts";

type Cell = string | Html;

/** A table with a caption for screen readers; each cell knows its column, for screens that are too narrow. */
export function tableOf(
  caption: string,
  heading: readonly string[],
  rows: readonly (readonly Cell[])[],
): Html {
  const names = heading.map(nameOfColumn);
  return html`<div class="wide" tabindex="0" role="region" aria-label="${caption}"><table>
<caption>${caption}</caption>
<thead><tr>${names.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${rows.map(
    (row) =>
      html`<tr>${row.map((cell, column) => html`<td data-column="${names[column] ?? ""}">${shown(cell)}</td>`)}</tr>`,
  )}</tbody>
</table></div>`;
}

const abbreviations: Readonly<Record<string, string>> = { SQLSTATE: "SQLSTATE", "WAL/S": "WAL/s", ID: "ID" };

/** `ROWS/S` as `Rows/s`. */
function nameOfColumn(name: string): string {
  const known = abbreviations[name];
  if (known !== undefined) return known;
  return /^[A-Z/ ]+$/.test(name) ? `${name.slice(0, 1)}${name.slice(1).toLowerCase()}` : name;
}

function shown(cell: Cell): Cell {
  return typeof cell === "string" ? visible(cell) : cell;
}

/** A text in which commands to type stand out. */
export function withCommands(text: string): Html {
  const parts: Cell[] = [];
  let from = 0;
  for (const match of text.matchAll(typedCommand)) {
    parts.push(visible(text.slice(from, match.index)), html`<code>${visible(match[0])}</code>`);
    from = match.index + match[0].length;
  }
  parts.push(visible(text.slice(from)));
  return html`${parts}`;
}

/** The state of a run: a word and a sign, so that it does not depend on colours. */
export function stateBadge(report: RunReport): Html {
  const { status, rows, undoneBy, hold } = report;
  const isLess = status === "succeeded" && (undoneBy !== null || rows.rejected + rows.swallowed > 0);
  const kind = isLess ? "incomplete" : status === "running" && hold !== null ? "held" : status;
  return html`<span class="state ${kind}"><span aria-hidden="true">${signs[kind] ?? "·"}</span> ${describeState(report)}</span>`;
}

const signs: Readonly<Record<string, string>> = {
  running: "▶",
  held: "◐",
  pending: "…",
  paused: "⏸",
  interrupted: "!",
  failed: "✕",
  succeeded: "✓",
  incomplete: "✓",
  cancelled: "–",
};

/** A moment, exact for programs and short for people. */
export function moment(iso: string): Html {
  return html`<time datetime="${iso}">${iso.slice(0, 19).replace("T", " ")}</time>`;
}

/** A list of facts with their names. */
export function factsOf(facts: readonly (readonly [name: string, value: Cell])[]): Html {
  return html`<dl class="facts">${facts.map(
    ([name, value]) =>
      html`<div><dt>${name === "→" ? "do" : name}</dt><dd>${typeof value === "string" ? withCommands(value) : value}</dd></div>`,
  )}</dl>`;
}
