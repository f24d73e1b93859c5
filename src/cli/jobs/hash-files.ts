import { createHash } from "node:crypto";
import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { isTable, type Table } from "../../job/columns/table.ts";
import { loaderFor } from "./loader.ts";

/** Hashes by a file's path from the jobs' folder; for an installed package its version, by its name. */
export type FileHashes = Readonly<Record<string, string>>;

/**
 * Hashes a job's file and every file that it imports, as the loader finds them. An installed package counts
 * by its version; a package of the workspace, which is only linked, by its files. From a file that only
 * describes tables, only the imported tables count: describing a table for another job changes nothing.
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
    const tables = installed === null ? await tablesOf(found) : null;
    if (installed !== null) seen[installed.name] = installed.version;
    else if (tables === null) await hashInto(seen, found, folder);
    else
      Object.assign(
        seen,
        hashTables(relative(folder, found), tables, namesImported(source.toString(), specifier)),
      );
  }
}

/** The exports of a file that exports only tables; else null. */
async function tablesOf(path: string): Promise<Readonly<Record<string, Table>> | null> {
  if (!/\.[cm]?[jt]s$/.test(path) || !describesOnly(await readFile(path, "utf8"))) return null;
  const loader = await loaderFor(path);
  const exported = await loader.import<Record<string, unknown>>(path).catch(() => ({}));
  const entries = Object.entries(exported);
  const areTables = entries.length > 0 && entries.every(([, value]) => isOnlyTable(value));
  return areTables ? (exported as Readonly<Record<string, Table>>) : null;
}

/** Whether a file seems to hold only descriptions, so that loading it has no side effects. */
function describesOnly(source: string): boolean {
  const code = source.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
  const isFromHere = [...importedBy(code)].every((name) => name === "tidefill");
  return isFromHere && !/=>|\b(?:function|class|new|await|process|globalThis|require)\b/.test(code);
}

/** Whether a value is a table whose JSON holds all of it. */
function isOnlyTable(value: unknown): boolean {
  const names = ["schema", "name", "key", "columns", "personalData"];
  return isTable(value) && Object.keys(value).every((name) => names.includes(name));
}

function hashTables(
  file: string,
  tables: Readonly<Record<string, Table>>,
  names: ReadonlySet<string> | null,
): FileHashes {
  const used = Object.entries(tables).filter(([name]) => names?.has(name) !== false);
  return Object.fromEntries(
    used.map(([name, table]) => [
      `${file}: ${name}`,
      createHash("sha256").update(JSON.stringify(table)).digest("hex"),
    ]),
  );
}

/** The names that a file imports from another; null where they are unclear, as with `import *`. */
function namesImported(source: string, specifier: string): ReadonlySet<string> | null {
  const mentions = source.split(specifier).length - 1;
  const statements = [
    ...source.matchAll(/\bimport\s*(?:type\s*)?\{([^}]*)\}\s*from\s*["']([^"'\n]+)["']/g),
  ].filter(([, , from]) => from === specifier);
  if (statements.length === 0 || statements.length !== mentions) return null;
  const names = statements.flatMap(([, clause = ""]) =>
    clause.split(",").map(
      (each) =>
        each
          .trim()
          .replace(/^type\s+/, "")
          .split(/\s+as\s+/)[0] ?? "",
    ),
  );
  return new Set(names);
}

const literal = String.raw`["'\`]([^"'\`$\n]+)["'\`]`;
/** What an import, a dynamic import or a require names. */
const imports = new RegExp(String.raw`(?:\bfrom|\bimport|\brequire)\s*\(?\s*${literal}`, "g");
/** A file that uses createRequire may call the result by any name. */
const calls = new RegExp(String.raw`[\w)]\s*\(\s*${literal}\s*\)`, "g");

function importedBy(source: string): ReadonlySet<string> {
  const patterns = source.includes("createRequire") ? [imports, calls] : [imports];
  return new Set(patterns.flatMap((pattern) => [...source.matchAll(pattern)].map(([, name = ""]) => name)));
}

/** The real path of a file, links resolved; null for what is not a file. */
function fileOfUrl(url: string | undefined): string | null {
  if (url === undefined || url === "" || /^(node|data):/.test(url)) return null;
  const path = url.startsWith("file:") ? fileURLToPath(url) : url;
  return existsSync(path) && statSync(path).isFile() ? realpathSync(path) : null;
}

/** The installed package that a file belongs to; null where there is none. */
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
