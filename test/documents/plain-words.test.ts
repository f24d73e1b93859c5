/** @module-tag quick */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { pages, root } from "./markdown.ts";

/** Words that leave open who acts. Names in code and of checks (`delete-takes-no-others`) do not count. */
const tellTale = /(?<![-#\w])(whoever|nobody|somebody|others|anew)(?![-\w])/gi;

/** How often they stand there today. The number may only fall. */
const most = 3;

/** What a reader reads in a file of code: its comments and its texts. */
const read = /\/\/.*|\/\*[\s\S]*?\*\/|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g;

function sources(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => `${folder}/${file}`);
}

test("errors, comments and pages name the actor", () => {
  const texts = [
    ...[...sources("src"), ...sources("templates")].map((path) => {
      const code = readFileSync(join(root, path), "utf8");
      return [path, (code.match(read) ?? []).join("\n")] as const;
    }),
    ...pages.map((path) => [path, readFileSync(join(root, path), "utf8")] as const),
  ];
  const found = texts.flatMap(([path, text]) =>
    (text.match(tellTale) ?? []).map((word) => `${path}: ${word}`),
  );
  expect(found.length, found.join("\n")).toBeLessThanOrEqual(most);
});

test.each(pages)("%s has at most 400 lines (README.md 150), none wider than 110 characters", (path) => {
  const lines = readFileSync(join(root, path), "utf8").trimEnd().split("\n");
  const isCode = lines.map((line, index) => /^\s*```/.test(line) || isFenced(lines, index));
  // Tables, headings that quote PostgreSQL and a link that cannot be broken may be wider.
  const wide = lines.filter(
    (line, index) => [...line].length > 110 && !isCode[index] && !/^(\||#|\s*\S*\]\()/.test(line),
  );
  expect(wide).toEqual([]);
  expect(lines.length).toBeLessThanOrEqual(path === "README.md" ? 150 : 400);
});

function isFenced(lines: readonly string[], at: number): boolean {
  return lines.slice(0, at).filter((line) => /^\s*```/.test(line)).length % 2 === 1;
}
