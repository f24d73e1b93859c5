// Bundles the programs of `src`: reading 600 files one after the other would take most of a start. What the help
// needs has a file of its own, a twentieth of the whole; so has `serve`, for its libraries.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "rolldown";

const root = fileURLToPath(new URL("../", import.meta.url));
const entries = ["index", "testing/index", "cli/main", "embedded/guardian"];

/** What a module imports statically, and what that imports in turn; without dynamic imports. */
function closure(id, modules, found = new Set()) {
  if (found.has(id)) return found;
  found.add(id);
  for (const imported of modules.getModuleInfo(id)?.importedIds ?? []) closure(imported, modules, found);
  return found;
}

/** Only `serve` needs the page, and the libraries that it brings. */
const ofPage = /[\\/]src[\\/](?:page|cli[\\/]serve)[\\/]|[\\/]commands[\\/]serve\.ts$/;

let start;

await build({
  cwd: root,
  input: Object.fromEntries(entries.map((name) => [name, join(root, "src", `${name}.ts`)])),
  platform: "node",
  // Libraries are not bundled: they stay where npm puts them.
  external: (id) => !id.startsWith(".") && !isAbsolute(id),
  logLevel: "warn",
  output: {
    dir: process.argv[2],
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: "parts/[name]-[hash].js",
    // Errors are told apart by their class.
    keepNames: true,
    comments: false,
    codeSplitting: {
      groups: [
        {
          debugName: "start and tidefill",
          priority: 2,
          test: (id) => /[\\/]src[\\/]/.test(id) && !ofPage.test(id),
          name: (id, modules) => {
            start ??= closure(join(root, "src", "cli", "main.ts"), modules);
            if (start.has(id)) return "start";
            // A module that is only imported dynamically brings a library with it, and stays separate.
            const isOptional =
              modules.getModuleInfo(id)?.importers.length === 0 && !/[\\/]commands[\\/]/.test(id);
            return isOptional ? null : "tidefill";
          },
        },
        { name: "page", priority: 1, test: ofPage },
      ],
    },
  },
});

// What browsers load: the script of the page with its libraries, and one style sheet. Nothing comes from another
// host.
const page = join(process.argv[2], "page");
mkdirSync(page, { recursive: true });
await build({
  cwd: root,
  input: join(root, "src", "page", "browser", "page.ts"),
  platform: "browser",
  tsconfig: join(root, "tsconfig.browser.json"),
  logLevel: "warn",
  output: { file: join(page, "page.js"), format: "esm", minify: true, comments: false },
});
const styles = ["node_modules/uplot/dist/uPlot.min.css", "src/page/browser/page.css"];
writeFileSync(
  join(page, "page.css"),
  styles.map((file) => readFileSync(join(root, file), "utf8")).join("\n"),
);
