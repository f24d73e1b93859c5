import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const jiti = createRequire(import.meta.url)
  .resolve("jiti/package.json")
  .replace("package.json", "lib/jiti-cli.mjs");
const index = fileURLToPath(new URL("../../src/index.ts", import.meta.url));

/** Starts a TypeScript program of the tests as a process; `given` is its only argument, as JSON. */
export function spawnProgram(
  program: URL,
  given: object,
  { env, ...options }: SpawnOptions = {},
): ChildProcess {
  return spawn(process.execPath, [jiti, fileURLToPath(program), JSON.stringify(given)], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, JITI_ALIAS: JSON.stringify({ tidefill: index }), ...env },
    ...options,
  });
}
