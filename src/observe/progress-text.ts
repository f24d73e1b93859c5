import { shownHold } from "../remedies/hold.ts";
import type { Said } from "./progress-state.ts";

/** One line for a file or a pipe, which has no width. */
export function progressLine(job: string, { hold, figures }: Said): string {
  return harmless([job, ...(hold === null ? [] : [shownHold(hold)]), ...figures].join("  "));
}

/**
 * The same for a terminal of this width: why a run waits comes first. It and what to type are wrapped, never
 * cut; figures are shown as far as there is room.
 */
export function progressLines(job: string, { hold, figures }: Said, width: number): readonly string[] {
  if (hold === null) return [cut([job, ...figures].join("  "), width)];
  const reason = wrap(harmless(`${job}  ${hold.kind}: ${hold.reason}`), width);
  return [
    ...reason.slice(0, -1),
    withFigures(reason.at(-1) ?? "", figures, width),
    ...wrap(harmless(`→ ${hold.remedy}`), width),
  ];
}

/** Names of transactions, standbys and sessions may hold control characters. */
function harmless(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, "?");
}

function withFigures(line: string, figures: readonly string[], width: number): string {
  let text = line;
  for (const figure of figures) {
    const longer = `${text}  ${figure}`;
    if (longer.length > width) break;
    text = longer;
  }
  return text;
}

function cut(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text;
}

/** Lines of no more than `width` characters, broken at blanks where there are some. */
function wrap(text: string, width: number): string[] {
  if (text.length <= width) return [text];
  const blank = text.lastIndexOf(" ", width);
  const at = blank > width / 2 ? blank : width;
  return [text.slice(0, at).trimEnd(), ...wrap(text.slice(at).trimStart(), width)];
}
