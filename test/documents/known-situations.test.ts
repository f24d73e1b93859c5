import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { anchorOf, Page, root } from "./markdown.ts";

const index = new Page("docs/known-situations.md");

const linked = [...index.prose.matchAll(/\]\(([\w-]+\.md)(?:#([^)]+))?\)/g)].map(([, file = "", anchor]) => ({
  file: `docs/${file}`,
  anchor,
}));

const situationPages = [...new Set(linked.map(({ file }) => file))].map((file) => new Page(file));

interface Situation {
  readonly page: string;
  readonly heading: string;
  readonly text: string;
  /** the tests that show it, by their paths from the top of the checkout */
  readonly tests: readonly string[];
  /** what tidefill says, cut where the page leaves something out */
  readonly says: readonly string[];
}

const situations: readonly Situation[] = situationPages.flatMap((page) =>
  page.text
    .split(/^### /m)
    .slice(1)
    .map((section) => situationOf(page.path, section)),
);

function situationOf(page: string, section: string): Situation {
  const text = section.split(/^## /m)[0] ?? "";
  const said = /\*\*What tidefill says\.\*\*.*?```\w*\n(.*?)```/s.exec(text)?.[1] ?? "";
  return {
    page,
    heading: text.split("\n")[0] ?? "",
    text,
    tests: [...text.matchAll(/\]\(\.\.\/(test\/[^)]+)\)/g)].map(([, path = ""]) => path),
    says: said
      .split(/[…\n]/)
      .map((part) => part.trim())
      .filter((part) => part.length > 3),
  };
}

/** A test's text, with what a regular expression or a template writes otherwise made plain. */
function plain(path: string): string {
  return readFileSync(join(root, path), "utf8").replaceAll("\\", "");
}

const source = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .map((file) => plain(join("src", file)))
  .join("\n");

test.for(situations)(
  "$heading: what is seen, what is said, what to type, and the tests that show it",
  (situation) => {
    for (const part of ["What you see.", "What tidefill says.", "What to type.", "Shown by"])
      expect(situation.text).toContain(part);
    expect(situation.says).not.toEqual([]);
    expect(situation.tests).not.toEqual([]);
  },
);

/** The parts of a message that do not vary: without numbers, names in quotes and what stands in brackets. */
function fixed(parts: readonly string[]): readonly string[] {
  return parts
    .flatMap((part) => part.split(/[\d"'`()…→]+/).map((each) => each.trim()))
    .filter((each) => each.length >= 10);
}

test.for(situations)(
  "$heading: what tidefill says is what the program or its tests say",
  ({ tests, says }) => {
    const texts = `${source}\n${tests.map(plain).join("\n")}`;
    const parts = fixed(says);
    const unknown = parts.filter((part) => !texts.includes(part));
    expect(unknown.length, `${unknown}`).toBeLessThanOrEqual(parts.length / 2);
  },
);

test("docs/known-situations.md links to every situation, and to nothing else", () => {
  const listed = linked.filter(({ anchor }) => anchor !== undefined);
  expect(listed.length).toBe(situations.length);
  expect(listed.map(({ file, anchor }) => `${file}#${anchor}`)).toEqual(
    situations.map(({ page, heading }) => `${page}#${anchorOf(heading)}`),
  );
});

test("every case is in a situation", () => {
  const files = readdirSync(join(root, "test/cases"), { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".test.ts"),
  );
  const shown = new Set(situations.flatMap(({ tests }) => tests));
  expect(files.filter((file) => !shown.has(`test/cases/${file}`))).toEqual([]);
});
