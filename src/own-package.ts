import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The nearest folder with a package.json: source and build lie at different depths below it. */
const root = rootAbove(import.meta.url);

/** Whether this is the source itself, as in a checkout's tests, rather than the build. */
const isSource = import.meta.url.endsWith(".ts");

/** A file of this package, by its path from the package's root. */
export function ownFile(path: string): string {
  return fileURLToPath(new URL(path, root));
}

/** A module of this package as it runs here: `cli/main` is src/cli/main.ts or dist/cli/main.js. */
export function ownModule(name: string): { readonly path: string; readonly isSource: boolean } {
  return { path: ownFile(isSource ? `src/${name}.ts` : `dist/${name}.js`), isSource };
}

/** The version in this package's manifest. */
export function ownVersion(): string {
  const manifest = JSON.parse(readFileSync(ownFile("package.json"), "utf8")) as { readonly version: string };
  return manifest.version;
}

function rootAbove(module: string): URL {
  for (let folder = new URL(".", module); ; folder = new URL("..", folder)) {
    if (existsSync(new URL("package.json", folder))) return folder;
    if (folder.pathname === "/") throw new Error(`There is no package.json above ${module}.`);
  }
}
