import type { Page } from "./markdown.ts";

/** A command line as a page shows it, and what it printed. */
export interface Shown {
  readonly command: string;
  readonly output: readonly string[];
}

/** The sessions of a page, command by command. */
export function shownIn(page: Page): readonly Shown[] {
  return page.code("console").flatMap((block) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((part) => {
        const [command = "", ...output] = part.trimEnd().split("\n");
        return { command, output };
      }),
  );
}

/** A line whose numbers, times and moments are made alike, and whose counts are all plural. */
export function shapeOf(line: string): string {
  return line
    .replace(/^→ \S+ as \S+, schema \S+;/, "→ <server> as <role>, schema <schema>;")
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?\+\d\d/g, "<moment>")
    .replaceAll(/\d[\d,]*(\.\d+)?/g, "0")
    .replaceAll(/\b0 (s|min|h|d)( 0 (s|min|h))?(?= |$)/g, "<time>")
    .replaceAll("<time> to <time>", "<time>")
    .replaceAll(/\b0 ([a-z]{3,}?)(?:(?<=ch)es|s)?\b/g, "0 $1s")
    .trimEnd();
}

/** What was shown as a pattern: `…` on a line of its own stands for any lines, at the end of a line for its rest. */
export function patternOf(lines: readonly string[]): RegExp {
  const parts = lines.map((line) => {
    if (line === "…") return "(?:.*\\n)*?";
    const [text = "", rest] = shapeOf(line).split("…");
    return `${escaped(text)}${rest === undefined ? "" : ".*"}\\n`;
  });
  return new RegExp(`^${parts.join("")}$`);
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
