// npm run bench:fleet [-- --targets 200]: a fleet on this machine. Many small databases with 1, 2 and 4 workers;
// how long an item waits beside the work itself; and one worker against two where transforms need processor time.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { Cluster } from "../src/embedded/cluster.ts";

const program = fileURLToPath(new URL("../bin/tidefill.js", import.meta.url));
const at = process.argv.indexOf("--targets");
const many = at > 0 ? Number(process.argv[at + 1]) : 200;
const few = 8;

const cluster = await Cluster.open({ settings: { max_connections: "200" } });
const folder = await mkdtemp(join(tmpdir(), "tidefill-bench-fleet-"));
try {
  await cp(new URL("fleet/jobs", import.meta.url), join(folder, "jobs"), { recursive: true });
  await query("postgres", "create database template_small");
  await query(
    "template_small",
    "create table counters (id bigint primary key, n integer not null, label text); insert into counters select g, g from generate_series(1, 1000) g",
  );
  await query("template_small", "vacuum analyze counters");
  const names = Array.from({ length: many }, (_, index) => `t${index + 1}`);
  for (const name of names) await query("postgres", `create database ${name} template template_small`);
  await listTargets(names);
  for (const workers of [1, 2, 4]) await measure("label", names, workers);
  const costly = names.slice(0, few);
  await listTargets(costly);
  const [one = 0, two = 0] = [await measure("digest", costly, 1), await measure("digest", costly, 2)];
  process.stdout.write(`costly transforms: two workers ${(one / two).toFixed(2)} times one\n`);
} finally {
  await cluster.stop("immediate");
  await rm(folder, { recursive: true, force: true });
}

/** Enqueues the job for all targets, works them off, and returns the seconds from the first worker's start. */
async function measure(job: string, names: readonly string[], workers: number): Promise<number> {
  for (const name of names)
    await query(name, "drop schema if exists tidefill cascade; update counters set label = null");
  await query("postgres", "drop schema if exists tidefill_queue cascade");
  await run("enqueue", job, "--all-targets");
  const begin = performance.now();
  await Promise.all(Array.from({ length: workers }, () => run("work", "--once")));
  const seconds = (performance.now() - begin) / 1_000;
  const { rows } = await query(
    "postgres",
    `select count(*)::integer as items,
      sum(extract(epoch from completed_on - started_on))::float8 as worked,
      percentile_cont(0.5) within group (order by extract(epoch from completed_on - started_on))::float8 as each
    from tidefill_queue.job
    where name = 'run' and state = 'completed'`,
  );
  const { items, worked, each } = rows[0] as {
    readonly items: number;
    readonly worked: number;
    readonly each: number;
  };
  if (items !== names.length) throw new Error(`${items} of ${names.length} items are done.`);
  for (const name of names) {
    const left = await query(name, "select from counters where label is null");
    if (left.rows.length > 0) throw new Error(`${left.rows.length} rows of ${name} are left.`);
  }
  // What a worker's time is not the work itself: it waits for items, looks for them, and starts.
  const idle = seconds * workers - worked;
  process.stdout.write(
    `${job}, ${names.length} targets, ${workers} ${workers === 1 ? "worker" : "workers"}: ${seconds.toFixed(1)} s, ` +
      `an item takes ${(each * 1_000).toFixed(0)} ms and waits ${((idle * 1_000) / items).toFixed(0)} ms beside\n`,
  );
  return seconds;
}

async function listTargets(names: readonly string[]): Promise<void> {
  const targets = Object.fromEntries(names.map((name) => [name, { url: urlOf(name), group: name }]));
  await writeFile(
    join(folder, "tidefill.targets.ts"),
    `import { defineTargets } from "tidefill";\nexport default defineTargets(${JSON.stringify(targets)});\n`,
  );
}

function urlOf(name: string): string {
  const url = new URL(cluster.url());
  url.pathname = `/${name}`;
  return url.href;
}

async function query(name: string, text: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: urlOf(name) });
  await client.connect();
  try {
    return await client.query(text);
  } finally {
    await client.end();
  }
}

async function run(...words: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [program, ...words], {
    cwd: folder,
    env: { ...process.env, TIDEFILL_QUEUE_URL: cluster.url() },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`tidefill ${words.join(" ")} ended with ${code}: ${said}`);
}
