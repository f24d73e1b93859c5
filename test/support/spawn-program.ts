import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const register = new URL("../../bin/register.js", import.meta.url).href;

/** Starts a program of the tests, in TypeScript, as a process of its own. What it imports of `tidefill` is what was built. */
export function spawnProgram(program: URL, given: object, options: SpawnOptions = {}): ChildProcess {
  const args = ["--import", register, fileURLToPath(program), JSON.stringify(given)];
  return spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
}
