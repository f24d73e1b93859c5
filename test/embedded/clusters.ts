import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { vi } from "vitest";
import { Cluster, type ClusterOptions } from "../../src/embedded/cluster.ts";
import { afterEveryTest } from "../support/clean-up.ts";
import { until } from "../support/until.ts";
import { OwnerProcess } from "./owner-process.ts";

const settings = { fsync: "off" };
export const isRoot = process.getuid?.() === 0;

const clusters: Cluster[] = [];
const owners: OwnerProcess[] = [];
const directories: string[] = [];
/** whether the test has moved its temporary files */
let isElsewhere = false;

afterEveryTest(async () => {
  if (isElsewhere) vi.unstubAllEnvs();
  isElsewhere = false;
  for (const owner of owners.splice(0)) {
    owner.kill();
    await owner.ended;
  }
  for (const cluster of clusters.splice(0)) await cluster.stop("immediate");
  for (const directory of directories.splice(0)) {
    await until(async () => !serverOf(directory), { describe: `no server in ${directory}` });
    rmSync(directory, { recursive: true, force: true, maxRetries: 10 });
  }
});

export async function open(options: ClusterOptions = {}): Promise<Cluster> {
  const cluster = await Cluster.open({ settings, ...options });
  clusters.push(cluster);
  return cluster;
}

export function own(options: ConstructorParameters<typeof OwnerProcess>[0] = {}): OwnerProcess {
  const owner = new OwnerProcess({ ...options, cluster: { settings, ...options.cluster } });
  owners.push(owner);
  return owner;
}

export function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "tidefill-test-"));
  chmodSync(directory, 0o755);
  directories.push(directory);
  return directory;
}

export async function ask(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

/** Whether any process names the directory in its arguments. */
export function serverOf(directory: string): boolean {
  const processes = execFileSync("ps", ["-eo", "pid,args"], {
    encoding: "utf8",
    env: { ...process.env, COLUMNS: "4000" },
  });
  return processes.split("\n").some((line) => line.includes(`-D ${directory}/data`));
}

export async function untilGone(directory: string): Promise<void> {
  await until(async () => !existsSync(directory) && !serverOf(directory), {
    describe: `${directory} and its server are gone`,
  });
}

/** Puts the temporary clusters of this test into a separate place, and returns it. */
export function ownTemporaryDirectory(): string {
  const directory = newDirectory();
  vi.stubEnv("TMPDIR", directory);
  isElsewhere = true;
  return directory;
}

export function nobody(): number {
  return Number(execFileSync("id", ["-u", "nobody"], { encoding: "utf8" }));
}
