import { createHash } from "node:crypto";
import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { loaderFor } from "./loader.ts";

/** Hashes by a file's path from the jobs' folder; of a package of a registry the version, by its name. */
export type FileHashes = Readonly<Record<string, string>>;

/**
 * A job's file and every file that it imports, by whatever name, as the loader finds them. What lies in node_modules is told by
 * its package's version; a package of the workspace, which is only linked there, by its files.
 */
export async function hashFiles(path: string, folder: string): Promise<FileHashes> {
  const seen: Record<string, string> = {};
  await hashInto(seen, realpathSync(path), realpathSync(folder));
  return seen;
}

async function hashInto(seen: Record<string, string>, path: string, folder: string): Promise<void> {
  const name = relative(folder, path);
  if (Object.hasOwn(seen, name)) return;
  const source = await readFile(path);
  seen[name] = createHash("sha256").update(source).digest("hex");
  const imported = importedBy(source.toString());
  if (imported.size === 0 || !/\.[cm]?[jt]sx?$/.test(path)) return;
  const loader = await loaderFor(path);
  for (const specifier of imported) {
    if (isBuiltin(specifier) || /^tidefill(\/|$)/.test(specifier)) continue;
    const found = fileOfUrl(loader.esmResolve(specifier, { try: true }));
    if (found === null) continue;
    const installed = packageOf(found);
    if (installed === null) await hashInto(seen, found, folder);
    else seen[installed.name] = installed.version;
  }
}

const literal = String.raw`["'\`]([^"'\`$\n]+)["'\`]`;
/** What an import, a dynamic import or a require names. */
const imports = new RegExp(String.raw`(?:\bfrom|\bimport|\brequire)\s*\(?\s*${literal}`, "g");
/** Where a file makes a require of its own, it may call it as it likes. */
const calls = new RegExp(String.raw`[\w)]\s*\(\s*${literal}\s*\)`, "g");

function importedBy(source: string): ReadonlySet<string> {
  const patterns = source.includes("createRequire") ? [imports, calls] : [imports];
  return new Set(patterns.flatMap((pattern) => [...source.matchAll(pattern)].map(([, name = ""]) => name)));
}

/** A file without the links on the way to it; null for what is no file. */
function fileOfUrl(url: string | undefined): string | null {
  if (url === undefined || url === "" || /^(node|data):/.test(url)) return null;
  const path = url.startsWith("file:") ? fileURLToPath(url) : url;
  return existsSync(path) && statSync(path).isFile() ? realpathSync(path) : null;
}

/** The package of a registry in which a file lies; null where it lies in none. */
function packageOf(file: string): { readonly name: string; readonly version: string } | null {
  if (!file.includes(`${sep}node_modules${sep}`)) return null;
  for (let folder = dirname(file); folder.includes(`${sep}node_modules${sep}`); folder = dirname(folder)) {
    const manifest = join(folder, "package.json");
    if (!existsSync(manifest)) continue;
    const { name, version } = JSON.parse(readFileSync(manifest, "utf8")) as Record<string, unknown>;
    if (typeof name === "string" && typeof version === "string") return { name: `package ${name}`, version };
  }
  return null;
}
