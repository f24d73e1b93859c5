import { existsSync, readdirSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ignoredPaths, projectFiles, withLines } from "../../scaffold/project/project-files.ts";
import { defineCommand } from "../options/define-command.ts";
import { emphasise, printJson, say } from "../terminal/output.ts";

/** `tidefill init [folder]` */
export const initCommand = defineCommand({
  builder: (yargs) =>
    yargs
      .positional("folder", {
        type: "string",
        default: ".",
        describe: "the folder, which is created when it is missing",
      })
      .option("json", { type: "boolean", default: false, describe: "one JSON object on stdout" }),
  handler: async ({ folder, json }) => {
    const report = await writeProject(folder);
    const next = whatNext(folder, report);
    if (json) printJson({ folder, ...report, next });
    for (const file of report.written) say(`${emphasise("green", "written")}  ${join(folder, file)}`);
    for (const file of report.extended) say(`${emphasise("green", "extended")} ${join(folder, file)}`);
    for (const file of report.kept) say(`${emphasise("yellow", "kept")}     ${join(folder, file)}`);
    for (const command of next) say(`${emphasise("cyan", "→")} ${command}`);
  },
});

/** Files by their path in the project; the `kept` ones existed and were not changed. */
interface ProjectReport {
  readonly written: readonly string[];
  readonly extended: readonly string[];
  readonly kept: readonly string[];
}

async function writeProject(folder: string): Promise<ProjectReport> {
  const written: string[] = [];
  const kept: string[] = [];
  const files = { ...projectFiles("."), ...foldersFor(folder, kept) };
  for (const [file, text] of Object.entries(files)) {
    const path = join(folder, file);
    await mkdir(dirname(path), { recursive: true });
    const isNew = await writeNew(path, text);
    (isNew ? written : kept).push(file);
  }
  const ignored = await extendIgnored(join(folder, ".gitignore"));
  if (ignored === "written") written.push(".gitignore");
  if (ignored === "kept") kept.push(".gitignore");
  return { written, extended: ignored === "extended" ? [".gitignore"] : [], kept };
}

/** An empty folder of jobs, and examples in a folder of their own: a project that has jobs needs neither. */
function foldersFor(folder: string, kept: string[]): Readonly<Record<string, string>> {
  if (!isFree(join(folder, "jobs"))) {
    kept.push("jobs/");
    return {};
  }
  if (isFree(join(folder, "examples"))) return { ...projectFiles("jobs"), ...projectFiles("examples") };
  kept.push("examples/");
  return projectFiles("jobs");
}

function isFree(folder: string): boolean {
  return !existsSync(folder) || readdirSync(folder).every((file) => file.startsWith("."));
}

/** Writes a file unless it exists; answers whether it did. */
async function writeNew(path: string, text: string): Promise<boolean> {
  return writeFile(path, text, { flag: "wx" }).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "EEXIST") return false;
      throw error;
    },
  );
}

async function extendIgnored(path: string): Promise<"written" | "extended" | "kept"> {
  const wasThere = existsSync(path);
  const text = wasThere ? await readFile(path, "utf8") : "";
  const extended = withLines(text, ignoredPaths);
  if (extended === text) return "kept";
  await writeFile(path, extended);
  return wasThere ? "extended" : "written";
}

/** What to type next. */
function whatNext(folder: string, { written, kept }: ProjectReport): readonly string[] {
  const isInstalled = existsSync(join(folder, "node_modules", "tidefill"));
  const hasExamples = written.some((file) => file.startsWith("examples/"));
  const examples = [
    "npx tidefill up --jobs examples --embedded",
    "node --import tidefill/register --test examples/*.test.ts",
  ];
  return [
    ...(folder === "." ? [] : [`cd ${folder}`]),
    ...(isInstalled ? [] : ["npm install"]),
    // A package.json that was there does not name what the types of the jobs need.
    ...(kept.includes("package.json") ? ["npm install --save-dev typescript @types/node"] : []),
    ...(hasExamples ? examples : kept.includes("jobs/") ? ["npx tidefill list"] : []),
    "npx tidefill new <job> --table <table> --database-url postgres://…",
  ];
}
