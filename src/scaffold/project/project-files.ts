import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ownFile, ownVersion } from "../../own-package.ts";

/** A new project as `templates/init` has it. */
const templates = ownFile("templates/init");

/** The files of a new project below one of its folders, by their paths; those beside the folders where it is `.`. */
export function projectFiles(folder: "." | "jobs" | "examples"): Readonly<Record<string, string>> {
  const files = readdirSync(join(templates, folder), { withFileTypes: true }).filter((each) => each.isFile());
  return Object.fromEntries(
    files.map(({ name }) => {
      const text = readFileSync(join(templates, folder, name), "utf8");
      return [folder === "." ? name : `${folder}/${name}`, text.replace("{{version}}", ownVersion())];
    }),
  );
}

/** What belongs into no repository: the embedded PostgreSQL, and what npm installs. */
export const ignoredPaths: readonly string[] = [".tidefill/", "node_modules/"];

/** The text with those of the lines that it lacks. */
export function withLines(text: string, lines: readonly string[]): string {
  const has = new Set(text.split(/\r?\n/).map((line) => line.trim().replace(/^\//, "").replace(/\/$/, "")));
  const missing = lines.filter((line) => !has.has(line.replace(/\/$/, "")));
  if (missing.length === 0) return text;
  const head = text === "" || text.endsWith("\n") ? text : `${text}\n`;
  return `${head}${missing.join("\n")}\n`;
}
