import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { Project } from "../command-line/project.ts";
import { useDatabase } from "../support/database.ts";

const database = useDatabase();
let project: Project;

/** Each way in which a job may name a file of the user's, and the file that it names. */
const ways: readonly (readonly [way: string, statement: string, file: string])[] = [
  ["an alias of tsconfig.json", 'import { word } from "@/lib/words";', "src/lib/words.ts"],
  ["an alias of one file", 'import { word } from "words";', "src/other/words.ts"],
  ["a folder with an index", 'import { word } from "../src/folder";', "src/folder/index.ts"],
  ["an import of package.json", 'import { word } from "#words";', "src/inner.ts"],
  ["a package of the workspace", 'import { word } from "@acme/words";', "packages/words/index.ts"],
  [
    "a require of its own",
    'import { createRequire } from "node:module"; const load = createRequire(import.meta.url); const { word } = load("../src/old.cjs");',
    "src/old.cjs",
  ],
  ["an import at run time", 'const { word } = await import("../src/late.ts");', "src/late.ts"],
  [
    "a file that another one imports by alias",
    'import { word } from "../src/through.ts";',
    "src/lib/deep.ts",
  ],
];

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
    drop schema if exists tidefill cascade; drop table if exists t;
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

function writeJob(statement: string): Promise<void> {
  return project.write(
    "jobs/fill.ts",
    `import { defineJob, rowsOf, table, update } from "tidefill";
${statement}
const t = table("t", { key: "id", columns: { id: "bigint", word: "text?" } });
export default defineJob({
  name: "fill",
  source: rowsOf(t),
  transform: () => ({ word }),
  sink: update(t, ["word"]),
});
`,
  );
}

test.each(ways)(
  "%s is loaded, and a change of its file is seen at a resume (F2)",
  async (_, statement, file) => {
    await writeWord(file, "old");
    await writeJob(statement);
    const stopped = await project.type("run", "fill", "--canary", "10 rows");
    expect([stopped.code, stopped.stderr]).toEqual([75, expect.stringContaining("canary")]);
    await writeWord(file, "new");
    const resumed = await project.type("resume", "fill");
    expect(resumed.stderr).toContain(
      `error Run 1 of fill began with something else: since then ${join("..", file)} changed. Rows done so far were done the old way.`,
    );
    expect(resumed.code).toBe(3);
    expect(await database.query("select distinct word from t where word is not null")).toEqual([
      { word: "old" },
    ]);
  },
);

test("another version of a package is seen at a resume (F2)", async () => {
  await writeJob('import { word } from "shop";');
  expect((await project.type("run", "fill", "--canary", "10 rows")).code).toBe(75);
  await writeShop("1.0.1");
  const resumed = await project.type("resume", "fill");
  expect([resumed.code, resumed.stderr]).toEqual([
    3,
    expect.stringContaining("since then package shop changed"),
  ]);
});
