// npm run bench [-- --essays 500000 --repeat 3 --servers tuned-18,default-18 --only tidefill,one-update --full]
import { writeFile } from "node:fs/promises";
import { availableParallelism, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { Cluster } from "../src/embedded/cluster.ts";
import { livePostmaster } from "../src/embedded/postmaster.ts";
import type { Contestant } from "./contestant.ts";
import { contestants } from "./contestants/all.ts";
import { type Options, readOptions } from "./options.ts";
import { type Circumstances, compare, type Report, toMarkdown } from "./report.ts";
import { Series } from "./series.ts";
import { binariesOf, type Server, servers } from "./servers.ts";
import { Template } from "./template.ts";

const resultFile = fileURLToPath(new URL("results.json", import.meta.url));
const options = readOptions(process.argv.slice(2));
const reports: Record<string, Report> = {};
for (const server of chosen(servers, options.servers, "servers")) {
  reports[server.name] = await measureOn(server, options);
  // Written after each server, so that an interrupted benchmark leaves what it has measured.
  await writeFile(resultFile, `${JSON.stringify(reports, null, 2)}\n`);
  process.stdout.write(`## ${server.name}\n\n${toMarkdown(reports[server.name]!)}\n`);
}
const all = Object.values(reports).flatMap(({ results }) => results);
if (all.some(({ status }) => status === "failed")) process.exitCode = 1;

async function measureOn(server: Server, { repeat, ...rest }: Options): Promise<Report> {
  const { settings } = server;
  const binaries = binariesOf(server);
  const cluster = await Cluster.open({ settings, ...(binaries === undefined ? {} : { binaries }) });
  try {
    const postmaster = (await livePostmaster(join(cluster.directory, "data")))!.pid;
    const series = await enrol(cluster, { repeat, ...rest });
    for (const each of series) each.skipped = await each.contestant.unavailable();
    await takeTurns(series, repeat, { name: server.name, postmaster });
    const results = series.map((each) => each.result());
    return compare(await circumstances(cluster, server, { repeat, ...rest }), results);
  } finally {
    await cluster.stop();
  }
}

async function enrol(cluster: Cluster, { essays, only, full }: Options): Promise<readonly Series[]> {
  const taking = chosen(contestants, only, "only");
  say(`making the school with ${essays} essays`);
  const whole = await Template.create(cluster, "bench_template", essays);
  const part = full ? essays : partFor(essays);
  const some =
    part === essays || !taking.some(({ slow }) => slow)
      ? whole
      : await Template.create(cluster, "bench_template_part", part);
  return taking.map((contestant: Contestant) => new Series(contestant, contestant.slow ? some : whole));
}

/** A tenth, but enough rows that the start of a process does not matter. */
function partFor(essays: number): number {
  return Math.min(essays, Math.max(20_000, Math.floor(essays / 10)));
}

/** A B C, A B C, …: what else the machine does affects all of them. */
async function takeTurns(
  series: readonly Series[],
  repeat: number,
  { name, postmaster }: { readonly name: string; readonly postmaster: number },
): Promise<void> {
  for (let turn = 1; turn <= repeat; turn++) {
    for (const each of series.filter(({ over }) => !over)) {
      await each.runOnce(postmaster);
      const seconds = each.outcomes.at(-1)?.seconds.toFixed(2);
      say(`${name}, turn ${turn} of ${repeat}: ${each.contestant.name} ${each.failure ?? `${seconds} s`}`);
    }
  }
}

async function circumstances(
  cluster: Cluster,
  { settings }: Server,
  { essays, repeat }: Options,
): Promise<Circumstances> {
  const client = new pg.Client({ connectionString: cluster.url("bench_template") });
  await client.connect();
  const { rows } = await client.query<{ readonly postgres: string; readonly bytes: number }>(`
    select current_setting('server_version') as postgres, avg(octet_length(content))::integer as bytes
    from essay_submission_essay`);
  await client.end();
  const { postgres, bytes: contentBytes } = rows[0]!;
  const machine = { node: process.versions.node, cores: availableParallelism(), memoryBytes: totalmem() };
  return { postgres, ...machine, settings, essays, contentBytes, repeat };
}

/** Those that an option names; a name also means the names that begin with it and a hyphen. */
function chosen<T extends { readonly name: string }>(
  all: readonly T[],
  names: readonly string[] | undefined,
  option: string,
): readonly T[] {
  const stands = (name: string): boolean =>
    names === undefined || names.some((each) => name === each || name.startsWith(`${each}-`));
  const found = all.filter(({ name }) => stands(name));
  if (found.length > 0) return found;
  throw new Error(`--${option} names none of these: ${all.map(({ name }) => name).join(", ")}.`);
}

function say(message: string): void {
  process.stderr.write(`${message}\n`);
}
