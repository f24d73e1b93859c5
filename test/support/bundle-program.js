// node bundle-program.js <TypeScript program> <file>: bundles a program of the tests, so that Node itself starts it.
import { isAbsolute } from "node:path";
import { build } from "rolldown";
import { isStale } from "../../bin/build.js";

const [input = "", file = ""] = process.argv.slice(2);
/** tidefill as it is built: a program that is killed a hundred times must start as fast as its users' programs. */
const tidefill = new URL("../../dist/index.js", import.meta.url).href;

if (isStale()) throw new Error("The built tidefill is older than its source: npm run build");
await build({
  input,
  platform: "node",
  external: (id) => id !== "tidefill" && !id.startsWith(".") && !isAbsolute(id),
  plugins: [
    {
      name: "tidefill",
      resolveId: (id) => (id === "tidefill" ? { id: tidefill, external: true } : null),
    },
  ],
  logLevel: "warn",
  output: { file, format: "esm" },
});
