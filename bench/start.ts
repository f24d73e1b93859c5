// npm run bench:start: how long commands take that do hardly anything, beside Node and npx with an empty program.
import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { Cluster } from "../src/embedded/cluster.ts";
import { median } from "./series.ts";

const run = promisify(execFile);
const rounds = 9;
const tidefill = resolve("bin/tidefill.js");
const commands: readonly (readonly string[])[] = [
  ["node", "-e", "0"],
  ["node", tidefill, "--help"],
  ["node", tidefill, "list"],
  ["npx", "empty"],
  ["npx", "tidefill", "--help"],
  ["npx", "tidefill", "list"],
];

const project = await mkdtemp(join(tmpdir(), "tidefill-start-"));
const cluster = await Cluster.open({});
try {
  await install(project);
  const env = { ...process.env, DATABASE_URL: cluster.url(), npm_config_update_notifier: "false" };
  await run("node", [tidefill, "up", "--jobs", "examples"], { cwd: project, env });
  const times = new Map(commands.map((command) => [command, [] as number[]]));
  for (let round = 0; round < rounds; round += 1)
    for (const [command, taken] of times) {
      const [program = "", ...parameters] = command;
      const begin = performance.now();
      await run(program, parameters, { cwd: project, env });
      taken.push((performance.now() - begin) / 1_000);
    }
  for (const [command, taken] of times)
    console.log(`${median(taken).toFixed(2)} s  ${command.join(" ").replace(tidefill, "bin/tidefill.js")}`);
} finally {
  await cluster.stop();
  await rm(project, { recursive: true, force: true });
}

/** A project with the examples, in which npx finds tidefill and a program that does nothing. */
async function install(folder: string): Promise<void> {
  await run("node", [tidefill, "init", folder]);
  const modules = join(folder, "node_modules");
  await mkdir(join(modules, ".bin"), { recursive: true });
  await mkdir(join(modules, "empty"));
  const program = join(modules, "empty", "empty.js");
  await writeFile(join(modules, "empty", "package.json"), '{ "name": "empty", "bin": "empty.js" }');
  await writeFile(program, "#!/usr/bin/env node\n");
  await chmod(program, 0o755);
  await symlink(resolve("."), join(modules, "tidefill"));
  await symlink(tidefill, join(modules, ".bin", "tidefill"));
  await symlink(program, join(modules, ".bin", "empty"));
}
