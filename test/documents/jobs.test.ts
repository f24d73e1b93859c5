import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createSampleSchool } from "../../src/cli/demo/create-sample-school.ts";
import { runCommand } from "../support/command-host.ts";
import { useDatabase } from "../support/database.ts";
import { Page, root } from "./markdown.ts";

const database = useDatabase();
const run = promisify(execFile);
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidefill-documents-"));
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
  await writeFile(join(folder, "types.csv"), "name,description,weight\nlogic,How it argues,0.20\n");
  await createSampleSchool(database.pool, { essays: 2_000 });
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** docs/writing-jobs.md and the reference that it begins: one project, since the jobs of all pages share one jobs/tables.ts. */
const writingJobs = [
  "writing-jobs",
  "tables",
  "sources",
  "transforms",
  "other-systems",
  "sql-jobs",
  "sinks",
  "job-options",
  "from-code",
].map((name) => `docs/${name}.md`);

interface PageFiles {
  readonly at: string;
  readonly files: readonly string[];
}

/** Writes the complete files of some pages: the blocks whose first line is a comment with their path. */
async function writeFiles(pages: readonly string[]): Promise<PageFiles> {
  const at = await mkdtemp(join(folder, "pages-"));
  const files: string[] = [];
  for (const text of pages.flatMap((page) => new Page(page).code("ts"))) {
    const file = /^\/\/ ((?:jobs|scripts)\/[\w-]+\.ts)$/m.exec(text.split("\n", 1)[0] ?? "")?.[1];
    if (file === undefined) continue;
    await mkdir(join(at, dirname(file)), { recursive: true });
    await writeFile(join(at, file), text, { flag: "wx" });
    files.push(file);
  }
  return { at, files };
}

async function compile(at: string): Promise<string> {
  const compilerOptions = {
    paths: { tidefill: [join(root, "dist/index.d.ts")] },
    typeRoots: [join(root, "node_modules/@types")],
  };
  const config = { extends: join(root, "tsconfig.json"), compilerOptions, include: ["jobs", "scripts"] };
  await writeFile(join(at, "tsconfig.json"), JSON.stringify(config));
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  return run(process.execPath, [compiler, "-p", at]).then(
    () => "",
    (error: { readonly stdout: string }) => error.stdout,
  );
}

async function tidefill(...parameters: readonly string[]): Promise<string> {
  const env = { ...process.env, DATABASE_URL: database.url, NO_COLOR: "1" };
  const { code, stdout, stderr } = await runCommand({ parameters, cwd: root, env });
  expect(code, stderr).toBe(0);
  return stdout;
}

function parametersOf(job: string): readonly string[] {
  switch (job) {
    case "mark-inactive":
      return ["--param", "before=2024-07-01", "--param", "domain=school.example"];
    case "delete-old-analytics":
      return ["--param", "before=2024-07-01"];
    case "grade-essays":
      return ["--param", "model=http://127.0.0.1:4010"];
    case "load-feedback-types":
      return ["--param", `file=${join(folder, "types.csv")}`];
    default:
      return [];
  }
}

test.each([[["README.md"]], [writingJobs]])(
  "the jobs of %j compile, load and plan",
  async (pages) => {
    const { at, files } = await writeFiles(pages);
    expect(files).toContain("jobs/essay-word-count.ts");
    expect(await compile(at)).toBe("");
    const jobs = files
      .filter((file) => file.startsWith("jobs/") && file !== "jobs/tables.ts")
      .map((file) => basename(file, ".ts"));
    const listed = JSON.parse(await tidefill("list", "--json", "--jobs", join(at, "jobs"))) as {
      readonly jobs: readonly { readonly job: string }[];
    };
    expect(listed.jobs.map(({ job }) => job)).toEqual([...jobs].sort());
    for (const job of jobs) {
      const plan = await tidefill("plan", job, "--jobs", join(at, "jobs"), ...parametersOf(job));
      expect(plan).toContain("Nothing was written.");
    }
  },
  300_000,
);

test("the five jobs that docs/writing-jobs.md starts with do their work", async () => {
  const { at, files } = await writeFiles(["docs/writing-jobs.md"]);
  expect(files).toHaveLength(5);
  for (const file of files) {
    const job = basename(file, ".ts");
    await tidefill("run", job, "--jobs", join(at, "jobs"), ...parametersOf(job));
  }
  const [left] = await database.query(
    `select
      (select count(*)::integer from essay_submission_essay where computed_word_count is null) as essays,
      (select count(*)::integer from analytics_old) as records,
      (select count(*)::integer from essay_feedback where score is not null and score_percent is null) as scores`,
  );
  expect(left).toEqual({ essays: 0, records: 0, scores: 0 });
});

test("a job of a page that does not fit its table would not compile", async () => {
  const at = join(folder, "mistaken");
  const [job] = new Page("README.md").code("ts");
  await mkdir(join(at, "jobs"), { recursive: true });
  await writeFile(join(at, "jobs/essay-word-count.ts"), job!.replace("essay.content", "essay.contents"));
  expect(await compile(at)).toContain("'contents' does not exist");
});
