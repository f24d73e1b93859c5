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
  "examples/tables.ts",
  "examples/seed-articles.ts",
  "examples/fill-article-word-count.ts",
  "examples/fill-article-word-count.test.ts",
];
const onExamples = ["--jobs", "examples", "--embedded"];

test("init in an empty folder makes a project that runs at once", async () => {
  const { code, stdout, stderr } = await project.execute("npx", "--offline", "tidefill", "init");
  expect({ code, stdout }, stderr).toEqual({ code: 0, stdout: "" });
  for (const file of [...files, ".gitignore"]) expect(stderr).toContain(`written  ${file}`);
  expect(stderr).toContain("npx tidefill up --jobs examples --embedded");
  expect(await project.compile()).toBe("");
  const up = await project.execute("npx", "--offline", "tidefill", "up", ...onExamples);
  expect(up.code, up.stderr).toBe(0);
  expect(up.stderr).toMatch(
    /succeeded {2}seed-articles.*3 rows inserted[\s\S]*succeeded {2}fill-article-word-count.*3 rows written/,
  );
  // The project is ready, and the test beside the jobs is not taken for a job.
  const check = await project.type("check", "--json", ...onExamples);
  expect(check).toMatchObject({ code: 0 });
  expect((await project.type("list", "--json", ...onExamples)).stdout).not.toContain("test");
});

test("the examples do not count as the project's jobs: nothing is pending, and list shows none", async () => {
  await project.type("init");
  const up = await project.type("up", "--dry-run", "--embedded");
  expect(up).toMatchObject({ code: 0, stdout: "Nothing is pending.\n" });
  const list = await project.type("list", "--json", "--embedded");
  expect(JSON.parse(list.stdout)).toMatchObject({ jobs: [] });
  const shown = await project.type("list", "--embedded");
  expect(shown.stdout).toBe(
    "There is no job in jobs/. Write one: tidefill new <job> --table <table> --embedded\n",
  );
  expect(shown.stderr).not.toContain("tables");
});

test("the example's test passes with the project's own script", async () => {
  await project.type("init");
  const { code, stdout } = await project.execute("npm", "test");
  expect(code, stdout).toBe(0);
  expect(stdout).toMatch(/^\S+ pass 3$/m);
});

test("init leaves every existing file unchanged, and says so", async () => {
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
  await project.remove("examples/seed-articles.ts");
  const again = await project.type("init");
  expect(again.stderr).not.toContain("written");
  for (const kept of ["package.json", "tsconfig.json", "jobs", ".gitignore"])
    expect(again.stderr).toMatch(new RegExp(`^kept +${kept}`, "m"));
  expect((await project.list("examples")).map(([file]) => file)).toEqual([
    "fill-article-word-count.test.ts",
    "fill-article-word-count.ts",
    "tables.ts",
  ]);
});

test("init leaves an existing folder of examples unchanged", async () => {
  await project.execute("mkdir", "examples");
  await project.write("examples/mine.txt", "mine");
  const { stderr } = await project.type("init");
  expect(stderr).toMatch(/^kept +examples/m);
  expect(stderr).not.toContain("--jobs examples");
  expect(await project.list("examples")).toEqual([["mine.txt", "mine"]]);
});

test("a project that has jobs gets no examples", async () => {
  await project.execute("mkdir", "jobs");
  await project.write("jobs/fill-a.ts", "export default 1;\n");
  const { stderr } = await project.type("init");
  expect(stderr).not.toContain("examples");
  expect(await project.list()).toEqual([["fill-a.ts", "export default 1;\n"]]);
});

test("init makes the folder that it is given", async () => {
  const { code, stderr } = await project.type("init", "new/project");
  expect(code).toBe(0);
  expect(stderr).toContain("written  new/project/jobs/tables.ts");
  expect(stderr).toMatch(/→ cd new\/project\n→ npm install\n/);
  expect(await project.read("new/project/package.json")).toContain('"tidefill": "^');
});
