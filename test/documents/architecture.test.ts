import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { SteadyPace } from "../../src/engine/batch/batch-pace.ts";
import { BatchSize } from "../../src/engine/loop/batch-size.ts";
import { schemaScript } from "../../src/store/schema/schema-script.ts";
import { folders, rooms } from "../rooms.ts";
import { codeSpans, Page, root, tableRows } from "./markdown.ts";

const house = new Page("docs/architecture.md");
const rowsOf = (heading: string): readonly (readonly string[])[] => tableRows(house.section(heading));

test("every folder stands in the table with what it may import, above all that it imports", () => {
  const rows = rowsOf("## Folders").map(([folder = "", , imports = ""]) => ({
    folder: codeSpans(folder)[0] ?? "",
    imports: codeSpans(imports),
  }));
  expect(Object.fromEntries(rows.map(({ folder, imports }) => [folder, imports]))).toEqual(folders);
  const order = rows.map(({ folder }) => folder);
  const upward = rows.flatMap(({ folder, imports }) =>
    imports
      .filter((to) => order.indexOf(to.split("/")[0] ?? "") <= order.indexOf(folder))
      .map((to) => `${folder} -> ${to}`),
  );
  // Types of plain data, which a run keeps.
  expect(
    upward.filter((each) => !each.startsWith("store -> ") && each !== "engine -> backup/damaged-parts"),
  ).toEqual([]);
});

test("every room of the engine stands in the table with what it may import, above all that it imports", () => {
  const rows = rowsOf("## Rooms of the engine").map(
    ([room = "", , imports = ""]) =>
      [codeSpans(room)[0] ?? "", codeSpans(imports).map((each) => `engine/${each}`)] as const,
  );
  const ofEngine = Object.entries(rooms).filter(([room]) => room.startsWith("engine/"));
  expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(ofEngine));
  const order = rows.map(([room]) => room);
  for (const [room, imports] of rows)
    for (const to of imports)
      expect(order.indexOf(to), `${room} -> ${to}`).toBeGreaterThan(order.indexOf(room));
});

test("every other room has a line", () => {
  const listed = rowsOf("## Rooms of the other folders").map(([room = ""]) => codeSpans(room)[0] ?? "");
  const isAlone = (room: string): boolean =>
    Object.hasOwn(folders, room) && !Object.keys(rooms).some((other) => other.startsWith(`${room}/`));
  const others = Object.keys(rooms).filter((room) => !room.startsWith("engine/") && !isAlone(room));
  expect([...listed].sort()).toEqual(others.sort());
});

const paths = (page: Page): readonly string[] =>
  [...page.text.matchAll(/`((?:src|test|[a-z-]+)\/[\w./-]+)`/g)]
    .map(([, path = ""]) => path)
    .filter((path) => /\.ts$/.test(path) || path.startsWith("src/"));

test.each(["docs/architecture.md", "docs/glossary.md", "CONTRIBUTING.md"])(
  "what %s names is there",
  (path) => {
    const missing = paths(new Page(path))
      .filter((each) => !each.includes("<"))
      .filter((each) => !existsSync(join(root, each)) && !existsSync(join(root, "src", each)));
    expect(missing).toEqual([]);
  },
);

test("a file that the way of a row names alone lies in one of its rooms", () => {
  const names = [...house.text.matchAll(/`([a-z-]+\.ts)`/g)].map(([, name = ""]) => name);
  const files = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" });
  expect(names.filter((name) => !files.some((file) => file === name || file.endsWith(`/${name}`)))).toEqual(
    [],
  );
});

test("the glossary is in alphabetical order, has each word once, and a place for it", () => {
  const rows = tableRows(new Page("docs/glossary.md").text);
  const words = rows.map(([word = ""]) => word);
  expect(words).toEqual([...new Set(words)].toSorted((left, right) => left.localeCompare(right, "en")));
  for (const [word, meaning, where] of rows) {
    expect(meaning, word).toMatch(/\w/);
    expect(
      statSync(join(root, codeSpans(where ?? "")[0] ?? ""), { throwIfNoEntry: false }),
      word,
    ).toBeDefined();
  }
});

test("CONTRIBUTING tells the limits that are enforced", () => {
  const { text } = new Page("CONTRIBUTING.md");
  const lint = JSON.parse(readFileSync(join(root, "biome.json"), "utf8"));
  const { noExcessiveLinesPerFunction } = lint.linter.rules.complexity;
  expect(text).toContain(`${noExcessiveLinesPerFunction.options.maxLines} lines a function`);
  const architecture = readFileSync(join(root, "test/architecture.test.ts"), "utf8");
  for (const [told, enforced] of [
    ["250 lines a file", "toBeLessThanOrEqual(250)"],
    ["20 files a folder, 30 where all are of one kind", "? 30 : 20"],
    ["four parameters a function", "> 4"],
  ] as const) {
    expect(text).toContain(told);
    expect(architecture).toContain(enforced);
  }
});

test("how-it-works tells how many rows the first batch has", () => {
  const { rows } = new BatchSize(new SteadyPace(250));
  expect(new Page("docs/how-it-works.md").text).toContain(`The first batch of each worker has ${rows} rows.`);
});

test("how-it-works names every table of the store", () => {
  const section = new Page("docs/how-it-works.md").section("## The store");
  const tables = [...schemaScript("tidefill").matchAll(/create table "?tidefill"?\.(\w+)/g)].map(
    ([, name]) => name,
  );
  expect(tables.length).toBeGreaterThan(10);
  const named = codeSpans(section);
  expect(tables.filter((table) => !named.includes(table ?? ""))).toEqual([]);
});
