import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from "node:child_process";
import { mkdirSync, renameSync } from "node:fs";
import { createRequire } from "node:module";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const jiti = createRequire(import.meta.url)
  .resolve("jiti/package.json")
  .replace("package.json", "lib/jiti-cli.mjs");
const bundler = fileURLToPath(new URL("bundle-program.js", import.meta.url));
const root = fileURLToPath(new URL("../../", import.meta.url));
// Inside of the project, where programs find its libraries.
const folder = join(root, "node_modules/.cache/tidefill-tests");

/** The programs that this process has bundled. */
const bundled = new Map<string, string>();

/**
 * Starts a TypeScript program of the tests as a process; `given` is its only argument, as JSON. It is bundled with
 * the built tidefill: a loader for TypeScript would take most of its life.
 */
export function spawnProgram(program: URL, given: object, options: SpawnOptions = {}): ChildProcess {
  return spawnNode([bundleOf(fileURLToPath(program)), JSON.stringify(given)], options);
}

/** The same for a program that reaches into tidefill's source, which a loader reads. */
export function spawnFromSource(program: URL, given: object, options: SpawnOptions = {}): ChildProcess {
  return spawnNode([jiti, fileURLToPath(program), JSON.stringify(given)], options);
}

function spawnNode(parameters: readonly string[], { env, ...options }: SpawnOptions): ChildProcess {
  return spawn(process.execPath, parameters, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
    ...options,
  });
}

function bundleOf(program: string): string {
  const known = bundled.get(program);
  if (known !== undefined) return known;
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${relative(root, program).replaceAll(/\W/g, "-")}.mjs`);
  // Other processes of the tests may be bundling the same program.
  const own = `${file}.${process.pid}`;
  const { status, stderr } = spawnSync(process.execPath, [bundler, program, own], { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} cannot be bundled: ${stderr}`);
  renameSync(own, file);
  bundled.set(program, file);
  return file;
}
