import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { alignColumns } from "../../describe/align-columns.ts";
import { Cluster } from "../../embedded/cluster.ts";
import { TidefillError } from "../../errors.ts";
import { Queue } from "../../fleet/queue/queue.ts";
import { type RolloutState, readItems, readRollouts } from "../../fleet/queue/read-queue.ts";
import { formatCount } from "../../observe/format.ts";
import { ownFile } from "../../own-package.ts";
import { createPool } from "../../postgres/connection/create-pool.ts";
import { sql } from "../../postgres/sql/sql.ts";
import { Database } from "../../postgres/transaction/database.ts";
import { drawAgain, emphasise, say } from "../terminal/output.ts";
import { Actor } from "./actor.ts";
import { createSampleSchool } from "./create-sample-school.ts";
import { throwAway } from "./throw-away.ts";
import { callWitness, hear } from "./witness.ts";

const schools = 12;
const essays = 2_500;
const job = "essay-word-count";
/** Slow enough to watch, and to be killed in the middle. */
const rowsPerSecond = 900;
const longestMs = 300_000;

/** A school of the demo: a database of its own, and who works on it. */
interface School {
  readonly name: string;
  readonly db: Database;
  readonly url: string;
}

/** The demo of a fleet: three workers, twelve databases, waves; one worker is killed. */
export async function showFleet(): Promise<void> {
  say(
    `${emphasise("bold", "tidefill demo --fleet")}: three workers, twelve databases, waves; one worker is killed.`,
  );
  say("It takes about a minute, and starts a PostgreSQL of its own.\n");
  const cluster = await Cluster.open({ settings: { ...throwAway, max_connections: "200" } });
  const folder = await mkdtemp(join(tmpdir(), "tidefill-fleet-"));
  const made: School[] = [];
  try {
    await makeSchools(cluster.url(), made);
    await writeProject(folder, made);
    await play(folder, cluster.url(), made);
    await prove(made);
  } finally {
    for (const { db } of made) await db.close();
    await cluster.stop("immediate");
    await rm(folder, { recursive: true, force: true });
  }
}

async function makeSchools(url: string, made: School[]): Promise<void> {
  const admin = createPool({ connectionString: url, applicationName: "tidefill demo", maxConnections: 1 });
  try {
    for (let at = 1; at <= schools; at += 1) {
      const name = `school-${String(at).padStart(2, "0")}`;
      await admin.query(`create database "${name}"`);
      const address = new URL(url);
      address.pathname = `/${name}`;
      const pool = createPool({
        connectionString: address.href,
        applicationName: "tidefill demo",
        maxConnections: 2,
      });
      const school = { name, url: address.href, db: new Database(pool) };
      made.push(school);
      await createSampleSchool(pool, { essays });
      await callWitness(school.db);
    }
  } finally {
    await admin.end();
  }
}

/** The jobs of the package, slowed down, and the list of targets beside their folder. */
async function writeProject(folder: string, made: readonly School[]): Promise<void> {
  await cp(ownFile("jobs"), join(folder, "jobs"), { recursive: true });
  const file = join(folder, "jobs", `${job}.ts`);
  const text = await readFile(file, "utf8");
  await writeFile(
    file,
    text.replace("  sink:", `  pace: { batchTime: "50ms", rowsPerSecond: ${rowsPerSecond} },\n  sink:`),
  );
  const targets = Object.fromEntries(made.map(({ name, url }) => [name, { url, group: "one server" }]));
  await writeFile(
    join(folder, "tidefill.targets.ts"),
    `import { defineTargets } from "tidefill";\nexport default defineTargets(${JSON.stringify(targets, null, 2)}, { atOncePerGroup: 3 });\n`,
  );
}

async function play(folder: string, url: string, made: readonly School[]): Promise<void> {
  const jobs = join(folder, "jobs");
  const on = { jobs, silent: true };
  const order = ["enqueue", job, "--all-targets", "--waves", "1,25%,100%", "--soak", "2s"];
  say(emphasise("dim", `  $ tidefill ${order.join(" ")}`));
  if ((await new Actor(url, order, on).end()) !== 0)
    throw new TidefillError("demo", "The job could not be enqueued.");
  say(emphasise("dim", "  $ tidefill work   (three times)\n"));
  const actors = [1, 2, 3].map(() => new Actor(url, ["work", "--workers", "1"], on));
  const queue = await Queue.open({ connectionString: url }, { supervises: false });
  try {
    await watch(queue, made, actors);
  } finally {
    await queue.close();
    await Promise.all(actors.filter((actor) => !actor.hasEnded).map((actor) => actor.kill()));
  }
}

/** Shows how far the schools are, until all waves are done; kills a worker in the last wave. */
async function watch(queue: Queue, made: readonly School[], actors: readonly Actor[]): Promise<void> {
  const begin = performance.now();
  let lines = 0;
  let killed: number | undefined;
  for (;;) {
    const [waves] = await readRollouts(queue.db);
    const places = new Map((await readItems(queue.db)).map(({ item, place }) => [item.target, place]));
    const rows = await Promise.all(
      made.map((school) => describeSchool(school, places.get(school.name) ?? null)),
    );
    const running = [...places.values()].filter((place) => place !== null).length;
    const victim = actors[0];
    if (killed === undefined && waves?.wave === 2 && running === 3 && victim !== undefined) {
      await victim.kill();
      killed = victim.pid;
    }
    const text = [
      headOf(waves, killed),
      "",
      alignColumns([["SCHOOL", "ESSAYS COUNTED", "", "WORKER"], ...rows]),
    ].join("\n");
    if (process.stdout.isTTY === true || lines === 0 || waves?.state === "succeeded")
      lines = drawAgain(text, lines);
    if (waves?.state === "succeeded") return;
    if (waves?.state === "stopped" || performance.now() - begin > longestMs)
      throw new TidefillError("demo", `The waves have not ended: ${waves?.message ?? "it takes too long"}.`);
    await delay(500);
  }
}

function headOf(waves: RolloutState | undefined, killed: number | undefined): string {
  if (waves?.state === "succeeded") return `${job}: all waves are done, although worker ${killed} was killed`;
  const victim =
    killed === undefined ? "" : `; worker ${killed} was killed, its item moves on within half a minute`;
  return `${job}: wave ${(waves?.wave ?? 0) + 1} of ${waves?.waves ?? 3}${victim}`;
}

async function describeSchool({ name, db }: School, place: string | null): Promise<string[]> {
  const { rows } = await db.query(sql`
    select count(*) filter (where computed_word_count is not null) as counted
    from essay_submission_essay`);
  const counted = Number(rows[0]?.counted ?? 0);
  const width = Math.round((20 * counted) / essays);
  return [
    name,
    formatCount(counted),
    `${"█".repeat(width)}${"·".repeat(20 - width)}`,
    place?.replace(/^.*, /, "") ?? "",
  ];
}

/** @throws TidefillError when a row was missed or written twice */
async function prove(made: readonly School[]): Promise<void> {
  const heard = await Promise.all(made.map(({ db }) => hear(db)));
  const sum = (name: "essays" | "filled" | "writes" | "twice"): number =>
    heard.reduce((total, each) => total + each[name], 0);
  say(`\n${emphasise("bold", "The proof: a trigger has recorded each update of an essay")}`);
  say(`  essays in twelve databases ${formatCount(sum("essays"))}`);
  say(`  essays with a word count   ${formatCount(sum("filled"))}`);
  say(`  updates recorded           ${formatCount(sum("writes"))}`);
  say(`  essays updated twice       ${formatCount(sum("twice"))}`);
  if (sum("filled") !== sum("essays") || sum("writes") !== sum("essays") || sum("twice") !== 0)
    throw new TidefillError("demo", "That is not what was promised. Please report it.");
  say(emphasise("green", "  A worker died, and each row was written exactly once."));
  say("\n  docs/fleet.md   how to set up a fleet of your own");
}
