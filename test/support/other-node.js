// npm run test:node 22 [vitest's parameters]: the tests on another Node, which comes as a package of npm.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

const [version = "", ...parameters] = process.argv.slice(2);
if (!/^\d+(\.\d+){0,2}$/.test(version)) {
  process.stderr.write("Name a version of Node: 20, 22 or 24.\n");
  process.exit(2);
}

const name = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
const folder = join(tmpdir(), `tidefill-node-${version}`);
const binaries = join(folder, "node_modules", name, "bin");
if (!existsSync(binaries)) {
  const install = ["install", "--no-save", "--ignore-scripts", "--prefix", folder, `${name}@${version}`];
  execFileSync("npm", install, { stdio: "inherit" });
}

// Every program that the tests start, and every program that those start, is this Node.
const env = { ...process.env, PATH: `${binaries}${delimiter}${process.env.PATH}` };
const node = join(binaries, process.platform === "win32" ? "node.exe" : "node");
process.stderr.write(`Testing on Node ${execFileSync(node, ["--version"]).toString()}`);
const vitest = join("node_modules", "vitest", "vitest.mjs");
const { status } = spawnSync(node, [vitest, "run", ...parameters], { stdio: "inherit", env });
process.exit(status ?? 1);
