// Builds `dist` out of `src` in a checkout. The published package holds `dist` and no `src`.
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const source = join(root, "src");
const built = join(root, "dist");
const stamp = join(built, ".built");
const lock = join(root, ".build-lock");

/** Whether this is a checkout whose `dist` is missing, half made, or older than its source. */
export function isStale() {
  return existsSync(source) && (!existsSync(stamp) || newestIn(source) > statSync(stamp).mtimeMs);
}

/** Builds in a separate folder and renames it, so that no process ever sees half a build. */
export function build() {
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  if (!existsSync(compiler)) {
    process.stderr.write(`tidefill is not built in ${root}. Type there: npm ci\n`);
    process.exit(2);
  }
  if (!take(lock)) return waitForOther();
  const startedAt = new Date();
  const aside = mkdtempSync(join(root, ".build-"));
  try {
    const options = ["-p", join(root, "tsconfig.build.json"), "--outDir", join(aside, "new")];
    run(compiler, options);
    run(fileURLToPath(new URL("bundle.js", import.meta.url)), [join(aside, "new")]);
    writeFileSync(join(aside, "new", ".built"), "");
    utimesSync(join(aside, "new", ".built"), startedAt, startedAt);
    if (existsSync(built)) renameSync(built, join(aside, "old"));
    renameSync(join(aside, "new"), built);
  } finally {
    rmSync(aside, { recursive: true, force: true });
    rmSync(lock, { recursive: true, force: true });
  }
}

function run(program, options) {
  const { status } = spawnSync(process.execPath, [program, ...options], { stdio: ["ignore", 2, 2] });
  if (status === 0) return;
  process.exitCode = status ?? 1;
  throw new Error("tidefill could not be built: see above.");
}

/** Takes the lock of the build; a lock that is older than a minute is ignored, since its build was killed. */
function take(folder) {
  if (existsSync(folder) && Date.now() - statSync(folder).mtimeMs > 60_000)
    rmSync(folder, { recursive: true });
  try {
    mkdirSync(folder);
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  }
}

/** Waits until the other process has built; if it fails or takes too long, the import that follows fails. */
function waitForOther() {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let tries = 0; tries < 600 && existsSync(lock); tries += 1) Atomics.wait(pause, 0, 0, 100);
}

function newestIn(folder) {
  const files = readdirSync(folder, { withFileTypes: true, recursive: true }).filter((entry) =>
    entry.isFile(),
  );
  return Math.max(...files.map((file) => statSync(join(file.parentPath ?? file.path, file.name)).mtimeMs));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) build();
