import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** Files below a folder, to a depth; without those of packages and builds, and without hidden ones. */
export function filesBelow(folder: string, depth: number): string[] {
  if (depth === 0 || !existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name.startsWith(".") || entry.name === "node_modules" || entry.name === "dist") return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path, depth - 1) : entry.isFile() ? [path] : [];
  });
}

/** A test that imports the file; a mention in a text or a comment does not count. */
export function testOf(file: string, folder: string): string | undefined {
  return [...filesBelow(folder, 3), ...filesBelow(".", 5)]
    .filter((path) => /\.(test|spec)\.[cm]?[jt]s$/.test(path))
    .find((path) => importsOf(path).some((imported) => isSame(imported, file)));
}

/** Whether a test is still the todo that `new` wrote. */
export function isToDo(path: string): boolean {
  return /\{ todo\b/.test(readFileSync(path, "utf8"));
}

function importsOf(path: string): readonly string[] {
  const code = readFileSync(path, "utf8").replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
  return [...code.matchAll(/\b(?:from|import|require)\s*\(?\s*["'](\.[^"']*)["']/g)].map(
    ([, specifier = ""]) => resolve(dirname(path), specifier),
  );
}

/** An import may have the file's own ending, that of the compiled file, or none. */
function isSame(imported: string, file: string): boolean {
  const bare = (path: string): string => path.replace(/\.[cm]?[jt]s$/, "");
  return bare(imported) === bare(resolve(file));
}

/**
 * Where a job is explained: the comment above it or at the head of its file, a page of its name, or a section
 * of one.
 */
export function explanationOf(job: string, file: string | undefined): string | undefined {
  const comment = file === undefined ? undefined : commentIn(readFileSync(file, "utf8"));
  if (file !== undefined && comment !== undefined) return `${file}: "${comment}"`;
  const pages = filesBelow(".", 4).filter((path) => /\.(md|mdx|rst|adoc)$/.test(path));
  const page = pages.find((path) => path.replace(/^.*[/\\]|\.[a-z]+$/g, "") === job);
  return page ?? pages.map((path) => headingIn(path, job)).find((found) => found !== undefined);
}

/** The first line of the comment right above the job, or before everything else in the file. */
function commentIn(code: string): string | undefined {
  const blocks = [...code.matchAll(/(?:^[ \t]*\/\/.*\n)+|^[ \t]*\/\*[\s\S]*?\*\/[ \t]*\n/gm)];
  for (const { 0: block, index } of blocks) {
    const isAbove = /^(export\s+default|(export\s+)?const\s+\w+\s*=\s*define)/.test(
      code.slice(index + block.length),
    );
    if (!isAbove && code.slice(0, index).trim() !== "") continue;
    const line = block
      .split("\n")
      .map((each) =>
        each
          .replace(/^\s*(\/\/+|\/?\*+\/?)/, "")
          .replace(/\*\/\s*$/, "")
          .trim(),
      )
      // A sentence; a directive to a tool and the placeholder that `new` writes do not count.
      .find(
        (each) =>
          each.split(/\s+/).length >= 3 &&
          !/^(@ts-|biome-|eslint-|prettier-)/.test(each) &&
          !/\bSay here why\.$/.test(each),
      );
    if (line !== undefined) return line;
  }
  return undefined;
}

function headingIn(path: string, job: string): string | undefined {
  const lines = readFileSync(path, "utf8").split("\n");
  const index = lines.findIndex((line) => /^(#|=)/.test(line) && line.split(/[^\w-]+/).includes(job));
  return index < 0 ? undefined : `${path}, line ${index + 1}`;
}
