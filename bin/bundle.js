// Writes the programs of `src` into a folder, in two files: reading 600 of them, one after the other, would be most of a start.
// What the help needs is a file of its own: it is a twentieth of the whole.
import { isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "rolldown";

const root = fileURLToPath(new URL("../", import.meta.url));
const entries = ["index", "testing/index", "cli/main", "embedded/guardian"];

/** What a module imports to begin with, and what that imports; not what it imports once it is needed. */
function closure(id, modules, found = new Set()) {
  if (found.has(id)) return found;
  found.add(id);
  for (const imported of modules.getModuleInfo(id)?.importedIds ?? []) closure(imported, modules, found);
  return found;
}

let start;

await build({
  cwd: root,
  input: Object.fromEntries(entries.map((name) => [name, join(root, "src", `${name}.ts`)])),
  platform: "node",
  // Libraries stay where npm puts them.
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
          test: /[\\/]src[\\/]/,
          name: (id, modules) => {
            start ??= closure(join(root, "src", "cli", "main.ts"), modules);
            if (start.has(id)) return "start";
            // What is imported only once it is needed brings a library with it, and stays by itself.
            const isOptional =
              modules.getModuleInfo(id)?.importers.length === 0 && !/[\\/]commands[\\/]/.test(id);
            return isOptional ? null : "tidefill";
          },
        },
      ],
    },
  },
});
