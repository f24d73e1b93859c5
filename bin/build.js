// Builds `dist` out of `src` in a checkout. The published package holds `dist` and no `src`.
import { spawnSync } from "node:child_process";
import {
  existsSync,
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

/** Whether this is a checkout whose `dist` is missing, half made, or older than its source. */
export function isStale() {
  return existsSync(source) && (!existsSync(stamp) || newestIn(source) > statSync(stamp).mtimeMs);
}

/** Builds aside and puts the whole in place at once, so that nobody meets half of it. */
export function build() {
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  if (!existsSync(compiler)) {
    process.stderr.write("tidefill is not built in this checkout. Type: npm ci\n");
    process.exit(2);
  }
  const startedAt = new Date();
  const aside = mkdtempSync(join(root, ".build-"));
  try {
    const options = ["-p", join(root, "tsconfig.build.json"), "--outDir", join(aside, "new")];
    const { status } = spawnSync(process.execPath, [compiler, ...options], { stdio: ["ignore", 2, 2] });
    if (status !== 0) process.exit(status ?? 1);
    writeFileSync(join(aside, "new", ".built"), "");
    utimesSync(join(aside, "new", ".built"), startedAt, startedAt);
    if (existsSync(built)) renameSync(built, join(aside, "old"));
    renameSync(join(aside, "new"), built);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

function newestIn(folder) {
  const files = readdirSync(folder, { withFileTypes: true, recursive: true }).filter((entry) =>
    entry.isFile(),
  );
  return Math.max(...files.map((file) => statSync(join(file.parentPath ?? file.path, file.name)).mtimeMs));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) build();
