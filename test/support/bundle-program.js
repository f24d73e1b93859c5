// node bundle-program.js <TypeScript program> <file>: bundles a program of the tests, so that Node itself starts it.
import { isAbsolute } from "node:path";
import { build } from "rolldown";

const [input = "", file = ""] = process.argv.slice(2);
/** tidefill as it is built: a program that is killed a hundred times must start as fast as its users' programs. */
const tidefill = new URL("../../dist/index.js", import.meta.url).href;

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
