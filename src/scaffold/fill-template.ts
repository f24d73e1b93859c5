import { readFileSync } from "node:fs";
import { ownFile } from "../own-package.ts";

/**
 * What fills a hole: a text, or a list whose items get a line each. With null or false the line is dropped.
 */
export type Hole = string | readonly string[] | boolean | null;

export type Holes = Readonly<Record<string, Hole>>;

/**
 * A file of `templates/new` with its holes filled: `{{name}}` holds a text, `{{if name}}` keeps or drops its
 * line.
 */
export function fillTemplate(file: string, holes: Holes): string {
  const template = readFileSync(ownFile(`templates/new/${file}`), "utf8");
  return template
    .split("\n")
    .flatMap((line) => fillLine(line, holes))
    .join("\n");
}

function fillLine(line: string, holes: Holes): readonly string[] {
  const found = [...line.matchAll(/\{\{(?:if )?(\w+)\}\}/g)].map(([hole, name = ""]) => {
    const value = holes[name];
    if (value === undefined) throw new Error(`The template's ${hole} is not filled.`);
    return { hole, value };
  });
  return found.reduce<readonly string[]>(
    (lines, { hole, value }) => lines.flatMap((each) => valuesOf(value).map((text) => put(each, hole, text))),
    [line],
  );
}

function valuesOf(value: Hole): readonly string[] {
  if (value === null || value === false) return [];
  if (value === true) return [""];
  return typeof value === "string" ? [value] : value;
}

// The further lines of a text are indented like the line of its hole.
function put(line: string, hole: string, text: string): string {
  const margin = /^ */.exec(line)?.[0] ?? "";
  return line.replace(hole, () => text.replaceAll("\n", `\n${margin}`));
}
