import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { ownFile, ownVersion } from "../../own-package.ts";

/** The files of `templates/init`, in the order in which a newcomer reads them. */
const files = [
  "package.json",
  "tsconfig.json",
  "jobs/tables.ts",
  "examples/tables.ts",
  "examples/seed-articles.ts",
  "examples/fill-article-word-count.ts",
  "examples/fill-article-word-count.test.ts",
] as const;

/** The files of a new project in one of its folders, by their paths; `.` is the project's own folder. */
export function projectFiles(folder: "." | "jobs" | "examples"): Readonly<Record<string, string>> {
  return Object.fromEntries(
    files
      .filter((file) => dirname(file) === folder)
      .map((file) => {
        const text = readFileSync(ownFile(`templates/init/${file}`), "utf8");
        return [file, text.replace("{{version}}", ownVersion())];
      }),
  );
}

/** What does not belong in a repository: the embedded PostgreSQL, and what npm installs. */
export const ignoredPaths: readonly string[] = [".tidefill/", "node_modules/"];

/** The text with the lines added that it lacks. */
export function withLines(text: string, lines: readonly string[]): string {
  const has = new Set(text.split(/\r?\n/).map((line) => line.trim().replace(/^\//, "").replace(/\/$/, "")));
  const missing = lines.filter((line) => !has.has(line.replace(/\/$/, "")));
  if (missing.length === 0) return text;
  const head = text === "" || text.endsWith("\n") ? text : `${text}\n`;
  return `${head}${missing.join("\n")}\n`;
}
