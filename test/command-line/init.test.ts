import { afterEach, beforeEach, expect, test } from "vitest";
import { Project } from "./project.ts";

let project: Project;

beforeEach(async () => {
  project = await Project.open();
});
afterEach(() => project.close());

const files = [
  "package.json",
  "tsconfig.json",
  "jobs/tables.ts",
  "jobs/seed-articles.ts",
  "jobs/fill-article-word-count.ts",
  "jobs/fill-article-word-count.test.ts",
];

test("init in an empty folder makes a project that runs at once", async () => {
  const { code, stdout, stderr } = await project.execute("npx", "--offline", "tidefill", "init");
  expect({ code, stdout }, stderr).toEqual({ code: 0, stdout: "" });
  for (const file of [...files, ".gitignore"]) expect(stderr).toContain(`written  ${file}`);
  expect(stderr).toContain("npx tidefill up --embedded");
  expect(await project.compile()).toBe("");
  const up = await project.execute("npx", "--offline", "tidefill", "up", "--embedded");
  expect(up.code, up.stderr).toBe(0);
  expect(up.stderr).toMatch(
    /succeeded {2}seed-articles.*3 rows written[\s\S]*succeeded {2}fill-article-word-count.*3 rows/,
  );
  // It is done, and the test beside the jobs is taken for none.
  const check = await project.type("check", "--embedded", "--json");
  expect(check).toMatchObject({ code: 0 });
  expect((await project.type("list", "--json", "--embedded")).stdout).not.toContain("test");
});

test("the example's test passes by the project's own script", async () => {
  await project.type("init");
  const { code, stdout } = await project.execute("npm", "test");
  expect(code, stdout).toBe(0);
  expect(stdout).toMatch(/^# pass 3$/m);
});

test("init leaves every file that is there as it is, and says so", async () => {
  await project.write("package.json", "{}");
  await project.write(".gitignore", "/node_modules\n*.log");
  const first = await project.type("init", "--json");
  expect(JSON.parse(first.stdout)).toMatchObject({
    written: files.slice(1),
    extended: [".gitignore"],
    kept: ["package.json"],
  });
  expect(await project.read("package.json")).toBe("{}");
  expect(await project.read(".gitignore")).toBe("/node_modules\n*.log\n.tidefill/\n");
  await project.write("tsconfig.json", "{}");
  await project.remove("jobs/seed-articles.ts");
  const again = await project.type("init");
  expect(again.stderr).not.toContain("written");
  for (const kept of ["package.json", "tsconfig.json", "jobs", ".gitignore"])
    expect(again.stderr).toMatch(new RegExp(`^kept +${kept}`, "m"));
  // Beside jobs of somebody's there is no example.
  expect((await project.list()).map(([file]) => file)).toEqual([
    "fill-article-word-count.test.ts",
    "fill-article-word-count.ts",
    "tables.ts",
  ]);
});

test("init makes the folder that it is given", async () => {
  const { code, stderr } = await project.type("init", "new/project");
  expect(code).toBe(0);
  expect(stderr).toContain("written  new/project/jobs/tables.ts");
  expect(stderr).toMatch(/→ cd new\/project\n→ npm install\n/);
  expect(await project.read("new/project/package.json")).toContain('"tidefill": "^');
});
