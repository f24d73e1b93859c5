import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { createSampleSchool } from "../../src/cli/demo/create-sample-school.ts";
import { useDatabase } from "../support/database.ts";
import { CommandLine, type Outcome } from "../support/tidefill.ts";
import { codeSpans, Page, root, tableRows } from "./markdown.ts";

const database = useDatabase();
const page = new Page("docs/operating.md");
const report = new Page("docs/report.md");
const job = new Page("README.md").code("ts")[0]!;

beforeAll(() => createSampleSchool(database.pool, { essays: 500 }));

/** Runs a command line with the README's job, as the role whose address is given. */
async function tidefill(url: string, ...parameters: readonly string[]): Promise<Outcome> {
  const commandLine = await CommandLine.open(url, { "essay-word-count.ts": job });
  try {
    return await commandLine.run(...parameters);
  } finally {
    await commandLine.close();
  }
}

test("the grants that docs/settings.md names are enough to run a job", async () => {
  const [ofJob, ofStore] = new Page("docs/settings.md")
    .code("sql")
    .filter((text) => text.startsWith("grant "));
  const role = `filler_${randomBytes(4).toString("hex")}`;
  const url = new URL(database.url);
  [url.username, url.password] = [role, "word"];
  await database.query(`create role ${role} login password 'word'`);
  try {
    expect((await tidefill(url.href, "run", "essay-word-count")).code).toBe(3);
    expect((await tidefill(database.url, "schema", "install")).code).toBe(0);
    await database.query(`${ofJob}${ofStore}`.replaceAll("filler", role));
    expect(await tidefill(url.href, "run", "essay-word-count")).toMatchObject({ code: 0 });
    expect(await tidefill(url.href, "verify", "essay-word-count")).toMatchObject({ code: 0 });
    expect(await tidefill(url.href, "undo", "essay-word-count", "--yes")).toMatchObject({ code: 0 });
    for (const command of ["status", "list", "audit"])
      expect((await tidefill(url.href, command)).code).toBe(0);
    for (const command of ["rejects", "status"]) {
      expect((await tidefill(url.href, command, "essay-word-count")).code).toBe(0);
    }
  } finally {
    await database.query(`drop owned by ${role}`);
    await database.query(`drop role ${role}`);
  }
});

test("the fields of a run's report are those that docs/report.md describes, with their types", async () => {
  const { stdout } = await tidefill(database.url, "run", "essay-word-count", "--again", "--json");
  const described = tableRows(report.section("## The report of a run")).map(([name = "", type = ""]) => [
    codeSpans(name)[0],
    type,
  ]);
  const printed = flatten(JSON.parse(stdout) as Readonly<Record<string, unknown>>);
  expect(described.map(([name]) => name)).toEqual(printed.map(([name]) => name));
  for (const [index, [name, type]] of described.entries()) {
    expect(type, name).toMatch(new RegExp(`\\b${typeOf(printed[index]?.[1])}`));
  }
});

test("status prints the same object as run, for one run and for all", async () => {
  const run = JSON.parse(
    (await tidefill(database.url, "run", "essay-word-count", "--again", "--json")).stdout,
  );
  const one = JSON.parse((await tidefill(database.url, "status", "essay-word-count", "--json")).stdout);
  const all = JSON.parse((await tidefill(database.url, "status", "--json")).stdout);
  expect(Object.keys(one)).toEqual(Object.keys(run));
  expect(Object.keys(all.runs[0])).toEqual(Object.keys(run));
});

test("an error with --json is the object that docs/report.md shows", async () => {
  const shown = JSON.parse(report.code("json")[0]!);
  const { code, stdout } = await tidefill(database.url, "run", "essay-word-count", "--json");
  expect(code).toBe(3);
  const printed = JSON.parse(stdout);
  const message = printed.error.message.replace(/run \d+, finished .*/, "run 1, finished …");
  expect({ error: { ...printed.error, message } }).toEqual(shown);
});

interface Situation {
  readonly heading: string;
  readonly text: string;
  /** the lines that the page shows of what is printed */
  readonly shown: readonly string[];
}

const situations: readonly Situation[] = page
  .section("## The ten situations")
  .split(/^### /m)
  .slice(1)
  .map((text) => ({
    heading: text.split("\n")[0] ?? "",
    text,
    shown: [...text.matchAll(/^```text\n(.*?)^```$/gms)].flatMap(([, block = ""]) =>
      block.split("\n").filter((line) => line !== ""),
    ),
  }));

const source = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .map((file) => readFileSync(join(root, "src", file), "utf8"))
  .join("\n");

/** The words of a line that do not vary: without numbers, names, what stands in brackets, and the run's job. */
function fixedWords(line: string): readonly string[] {
  return line
    .split(/[\d"'`()…→;:,]+|essay[\w.-]+|tidefill \w+| {2,}/)
    .map((part) => part.trim())
    .filter((part) => part.length >= 10);
}

test("docs/operating.md begins with ten situations, and its list links to each", () => {
  expect(situations.map(({ heading }) => heading.split(".")[0])).toEqual(
    Array.from({ length: 10 }, (_, index) => String(index + 1)),
  );
  const list = page.section("## The ten situations").split(/^### /m)[0] ?? "";
  expect([...list.matchAll(/\]\(#(\d+)-/g)].map(([, number]) => number)).toEqual(
    situations.map(({ heading }) => heading.split(".")[0]),
  );
});

test.for(situations)("$heading: what you see, what it means and what to type", ({ text, shown }) => {
  for (const part of ["What you see.", "What it means.", "What to type."])
    expect(text).toContain(`**${part}**`);
  expect(shown).not.toEqual([]);
});

test.for(situations)("$heading: what it shows is what the program prints", ({ shown }) => {
  const words = shown.flatMap(fixedWords);
  const unknown = words.filter((part) => !source.includes(part));
  expect(unknown.length, `${unknown}`).toBeLessThanOrEqual(words.length / 2);
});

function flatten(
  object: Readonly<Record<string, unknown>>,
  prefix = "",
): readonly (readonly [string, unknown])[] {
  return Object.entries(object).flatMap(([name, value]) =>
    name === "rows" && typeof value === "object" && value !== null
      ? flatten(value as Readonly<Record<string, unknown>>, `${name}.`)
      : [[`${prefix}${name}`, value] as const],
  );
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

test("what docs/operating.md shows of messages is what the program says", () => {
  const source = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => readFileSync(join(root, "src", file), "utf8"))
    .join("\n");
  const shown = page.section("## The ten situations");
  const messages = [...shown.matchAll(/```text\n(.*?)```/gs)].flatMap(([, text = ""]) => text.split("\n"));
  // Without numbers, the names of this scene, and what the page leaves out.
  const scene =
    /essay-word-count|essay_submission_essay|score_check|reports|shop\.day|\/srv\S+|db\.example\.com/;
  const between = new RegExp(`${scene.source}|^error |\\s{2,}|\\.ts |[\\d"'\`()…→;:,.]+`, "g");
  const parts = messages
    .flatMap((line) => line.replaceAll(between, "\n").split("\n"))
    .map((part) => part.trim().replace(/^(MB|GB|s) /, ""))
    .filter((part) => part.length >= 10);
  // The program puts these together, or Node says them.
  const composed = [
    "is locked by pid",
    "The database cannot be reached at",
    "connect ECONNREFUSED",
    "asked to be paused",
  ];
  expect(parts.length).toBeGreaterThan(50);
  expect(parts.filter((part) => !source.includes(part) && !composed.includes(part))).toEqual([]);
});
