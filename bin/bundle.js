// Writes the programs of `src` into a folder, in few files: reading 380 of them, one after the other, would be most of a start.
import { isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "rolldown";

const root = fileURLToPath(new URL("../", import.meta.url));
const entries = ["index", "testing/index", "cli/main", "embedded/guardian"];

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
  },
});
