import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { codeSpans, Page, pages, root } from "./markdown.ts";

/** What `--help` says of each command, by its name. */
const help = new Map<string, string>();

function helpOf(...parameters: readonly string[]): string {
  return execFileSync(process.execPath, [join(root, "bin/tidefill.js"), ...parameters, "--help"], {
    encoding: "utf8",
  });
}

beforeAll(() => {
  const commands = [...helpOf().matchAll(/^ {2}tidefill (\w+)/gm)].map(([, command = ""]) => command);
  for (const command of commands) help.set(command, helpOf(command));
});

/** The command lines of a page: in blocks for a shell, behind the prompt of a session, and in the running text. */
function commandLines(page: Page): readonly string[] {
  const typed = page.code("sh").flatMap((block) => block.split("\n"));
  const shown = page.code("console").flatMap((block) => block.match(/^\$ .*$/gm) ?? []);
  return [...typed, ...shown, ...codeSpans(page.prose)]
    .map((line) => line.replace(/^\$ /, "").replace(/\s+#.*$/, ""))
    .filter((line) => /^(npx )?tidefill( |$)/.test(line));
}

test.each(pages)("the command lines of %s name commands and options that exist", (path) => {
  const wrong = commandLines(new Page(path)).flatMap(mistakesIn);
  expect(wrong).toEqual([]);
});

function mistakesIn(line: string): readonly string[] {
  const [first, ...words] = line.replace(/^npx /, "").split(/ \| /)[0]!.split(/\s+/).slice(1);
  if (first === undefined || /^[<-]/.test(first)) return [];
  const text = help.get(first);
  if (text === undefined) return [`${line}: no command ${first}`];
  // What follows `--` is a command of its own.
  const own = words.includes("--") ? words.slice(0, words.indexOf("--")) : words;
  return own
    .filter((word) => word.startsWith("--"))
    .map((word) => word.replace(/=.*$/, ""))
    .filter((option) => !new RegExp(`^ +${option} `, "m").test(text))
    .map((option) => `${line}: no option ${option}`);
}

test("docs/commands.md describes every command", () => {
  const described = codeSpans(new Page("docs/commands.md").section("## All commands"))
    .map((span) => /^tidefill (\w+)/.exec(span)?.[1])
    .filter((command) => command !== undefined);
  expect(new Set(described)).toEqual(new Set(help.keys()));
});

test("every script of npm that a page names exists", () => {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  const named = pages
    .map((path) => new Page(path))
    .flatMap((page) => [...page.text.matchAll(/npm run ([\w:]+)/g)])
    .map(([, script = ""]) => script);
  expect(named.filter((script) => !(script in scripts))).toEqual([]);
});
