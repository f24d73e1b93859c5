import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { Project } from "../command-line/project.ts";
import { useDatabase } from "../support/database.ts";
import { emptyStore } from "../support/empty-store.ts";

const database = useDatabase();
let project: Project;

/** The ways in which a job can import a file of the user, each with that file. */
const ways = {
  aliased: ['import { word as aliased } from "@/lib/words";', "src/lib/words.ts"],
  named: ['import { word as named } from "words";', "src/other/words.ts"],
  folder: ['import { word as folder } from "../src/folder";', "src/folder/index.ts"],
  inner: ['import { word as inner } from "#words";', "src/inner.ts"],
  workspace: ['import { word as workspace } from "@acme/words";', "packages/words/index.ts"],
  required: ['const { word: required } = createRequire(import.meta.url)("../src/old.cjs");', "src/old.cjs"],
  loaded: [
    'const load = createRequire(import.meta.url); const { word: loaded } = load("../src/own.cjs");',
    "src/own.cjs",
  ],
  late: ['const { word: late } = await import("../src/late.ts");', "src/late.ts"],
  through: ['import { word as through } from "../src/through.ts";', "src/lib/deep.ts"],
} as const;

const config = {
  compilerOptions: { baseUrl: ".", paths: { "@/*": ["./src/*"], words: ["./src/other/words.ts"] } },
};

beforeAll(async () => {
  project = await Project.open({ DATABASE_URL: database.url });
  const manifest = { type: "module", imports: { "#words": "./src/inner.ts" }, workspaces: ["packages/*"] };
  await project.write("package.json", JSON.stringify(manifest));
  await project.write("tsconfig.json", JSON.stringify(config));
  const folders = ["jobs", "src/lib", "src/other", "src/folder", "packages/words", "node_modules/@acme"];
  for (const folder of [...folders, "node_modules/shop"]) await project.makeFolder(folder);
  const words = { name: "@acme/words", version: "1.0.0", type: "module", exports: "./index.ts" };
  await project.write("packages/words/package.json", JSON.stringify(words));
  await symlink("../../packages/words", join(project.folder, "node_modules/@acme/words"));
  await project.write("src/through.ts", 'export { word } from "@/lib/deep";');
  await project.write("node_modules/shop/index.js", "export const word = 'old';");
  await writeShop("1.0.0");
});

beforeEach(async () => {
  await database.query(`
    ${emptyStore}; drop table if exists t;
    create table t (id bigint primary key, word text); insert into t select generate_series(1, 2000)`);
});

afterAll(() => project.close());

function writeShop(version: string): Promise<void> {
  const manifest = { name: "shop", version, type: "module", exports: "./index.js" };
  return project.write("node_modules/shop/package.json", JSON.stringify(manifest));
}

function writeWord(file: string, word: string): Promise<void> {
  const text = file.endsWith(".cjs") ? `exports.word = "${word}";` : `export const word = "${word}";`;
  return project.write(file, text);
}

function writeJob(statements: readonly string[], names: readonly string[]): Promise<void> {
  return project.write(
    "jobs/fill.ts",
    `import { createRequire } from "node:module";
import { defineJob, rowsOf, table, update } from "tidefill";
${statements.join("\n")}
const t = table("t", { key: "id", columns: { id: "bigint", word: "text?" } });
export default defineJob({
  name: "fill",
  source: rowsOf(t),
  transform: () => ({ word: [${names.join(", ")}].join(" ") }),
  sink: update(t, ["word"]),
});
`,
  );
}

test("a job can import files under any name, and a resume notices each file that changed (F2)", async () => {
  const [statements, files] = [
    Object.values(ways).map(([each]) => each),
    Object.values(ways).map(([, each]) => each),
  ];
  for (const file of files) await writeWord(file, file);
  await writeJob(statements, Object.keys(ways));
  const stopped = await project.type("run", "fill", "--canary", "10 rows");
  expect([stopped.code, stopped.stderr]).toEqual([75, expect.stringContaining("canary")]);
  expect(await database.query("select distinct word from t where word is not null")).toEqual([
    { word: files.join(" ") },
  ]);
  for (const file of files) await writeWord(file, "new");
  const resumed = await project.type("resume", "fill");
  const [, changed = ""] =
    /began with something else: since then (.*) changed\. Rows done so far/.exec(resumed.stderr) ?? [];
  expect([resumed.code, changed.split(", ").sort()]).toEqual([
    3,
    files.map((file) => join("..", file)).sort(),
  ]);
});

test("a resume notices another version of a package (F2)", async () => {
  await writeJob(['import { word } from "shop";'], ["word"]);
  expect((await project.type("run", "fill", "--canary", "10 rows")).code).toBe(75);
  await writeShop("1.0.1");
  const resumed = await project.type("resume", "fill");
  expect([resumed.code, resumed.stderr]).toEqual([
    3,
    expect.stringContaining("since then package shop changed"),
  ]);
});
