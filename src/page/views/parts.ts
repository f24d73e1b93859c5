import { html } from "hono/html";
import { describeState } from "../../describe/describe-state.ts";
import { typedCommand } from "../../describe/typed-command.ts";
import { visible } from "../../describe/visible.ts";
import type { RunReport } from "../../engine/report/run-report.ts";
import { formatCount } from "../../observe/format.ts";
import type { Stop } from "../../remedies/stops.ts";
import { reasonOf } from "../../remedies/waiting.ts";
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
      html`<tr>${row.map((cell, column) => html`<td data-column="${names[column] ?? ""}"><div>${shown(cell)}</div></td>`)}</tr>`,
  )}</tbody>
</table></div>`;
}

const abbreviations: Readonly<Record<string, string>> = {
  SQLSTATE: "SQLSTATE",
  "WAL/S": "WAL/s",
  "FROM (UTC)": "From (UTC)",
  "BEGAN (UTC)": "Began (UTC)",
  ID: "ID",
};

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

/** The state of a run: words and a sign, so that it does not depend on colours. */
export function stateBadge(report: RunReport): Html {
  const { status, undoneBy, hold } = report;
  const found = foundBy(report);
  const isLess = status === "succeeded" && (undoneBy !== null || found !== null);
  const kind = isLess ? "incomplete" : status === "running" && hold !== null ? "held" : status;
  const words = [describeState(report), ...(found === null ? [] : [found])].join(", ");
  return html`<span class="state ${kind}"><span aria-hidden="true">${signs[kind] ?? "·"}</span> ${words}</span>`;
}

/** What an operator has to look at, though the run may have succeeded: `3 rejected`, `2 differences`. */
export function foundBy({ kind, rows }: RunReport): string | null {
  const listed = rows.rejected + rows.swallowed;
  const counts = [
    ...(listed > 0 ? [`${formatCount(listed)} rejected`] : []),
    ...(kind !== "run" && rows.conflicted > 0
      ? [`${formatCount(rows.conflicted)} ${kind === "verify" ? "different" : "in conflict"}`]
      : []),
  ];
  return counts.length === 0 ? null : counts.join(", ");
}

/** What a run is besides the work of its job: ` (undo of run 2)`; nothing for that. */
export function purposeOf({ kind, ofRun }: RunReport): string {
  if (kind === "run") return ofRun === null ? "" : ` (rejects of run ${ofRun})`;
  if (kind === "undo") return ` (undo of run ${ofRun})`;
  return ofRun === null ? " (verify)" : ` (verify of run ${ofRun})`;
}

/** Why a run waits or has stopped, without its state, which stands before it. */
export function whyOf(report: RunReport): Stop | null {
  return report.undoneBy === null ? reasonOf(report) : null;
}

const signs: Readonly<Record<string, string>> = {
  running: "▶",
  held: "◐",
  pending: "…",
  paused: "❙❙",
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
