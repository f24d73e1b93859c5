import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Project } from "../command-line/project.ts";
import { Page, root } from "./markdown.ts";
import { patternOf, shapeOf, shownIn } from "./session.ts";

const page = new Page("docs/guide.md");
let project: Project;

/** Where the server is, and how far a slow command was on its way. */
const dependsOnTheMachine =
  /^Embedded PostgreSQL|; tidefill's tables in schema |^[\w-]+ {2}([\d.]+ %|.* workers? × [\d,]+ rows$)/;

beforeAll(async () => {
  project = await Project.open();
});
afterAll(() => project.close());

test("the jobs that docs/guide.md shows are those of the package", async () => {
  for (const block of page.code("ts")) {
    const [, path = "", text] = /^\/\/ (jobs\/[\w-]+\.ts)\n(.*)$/s.exec(block) ?? [];
    expect(text).toBe(await readFile(join(root, path), "utf8"));
  }
});

test("docs/guide.md can be typed from an empty folder, and prints what it shows", async () => {
  for (const { command, output } of shownIn(page)) {
    const { stdout, stderr } = await project.execute("bash", "-c", `${command} 2>&1`);
    const lines = `${stdout}${stderr}`
      .trimEnd()
      .split("\n")
      .filter((line) => !dependsOnTheMachine.test(line))
      .map((line) => line.replace(/^((done|undone) .*); [\d.]+ s$/, "$1"));
    expect(`${lines.map(shapeOf).join("\n")}\n`.replace(/^\n$/, ""), command).toMatch(patternOf(output));
  }
}, 300_000);
