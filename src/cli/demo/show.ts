import { Cluster } from "../../embedded/cluster.ts";
import { TidefillError } from "../../errors.ts";
import { formatCount, formatSeconds } from "../../observe/format.ts";
import { createPool } from "../../postgres/connection/create-pool.ts";
import { sql } from "../../postgres/sql/sql.ts";
import { Database } from "../../postgres/transaction/database.ts";
import { exitCodes } from "../terminal/exit-code.ts";
import { emphasise, say } from "../terminal/output.ts";
import { Actor } from "./actor.ts";
import { createSampleSchool } from "./create-sample-school.ts";
import { callWitness, hear, startOver, type Testimony } from "./witness.ts";

const essays = 200_000;
/** the essay that somebody corrects by hand */
const corrected = 4_711;

/** The demo: a job on a real database, killed half-way and resumed, with the database as the witness. */
export async function show(): Promise<void> {
  say(
    `${emphasise("bold", "tidefill demo")}: a backfill (a change to every row of a table in use) that survives being killed.\nIt takes less than a minute.\n`,
  );
  say("Starting a PostgreSQL of its own, in a temporary folder, and filling it with a sample school …");
  const begin = performance.now();
  const cluster = await Cluster.open();
  try {
    const pool = createPool({
      connectionString: cluster.url(),
      applicationName: "tidefill demo",
      maxConnections: 2,
    });
    const db = new Database(pool);
    try {
      await createSampleSchool(pool, { essays });
      await callWitness(db);
      say(
        `${formatCount(essays)} essays of several paragraphs, ready in ${formatSeconds((performance.now() - begin) / 1_000)}.\n`,
      );
      await play(db, cluster.url());
      sayWhereToLook();
    } finally {
      await db.close();
    }
  } finally {
    await cluster.stop();
  }
}

async function play(db: Database, url: string): Promise<void> {
  say(
    `A new column, ${emphasise("bold", "computed_word_count")}, is empty. A job fills it, a few thousand rows at a time:`,
  );
  say(emphasise("dim", "  $ tidefill run essay-word-count"));
  const killed = await killHalfWay(db, url);
  say(`\nNow the plug is pulled, half-way: ${emphasise("red", `kill -9 ${killed.pid}`)}`);
  const half = await hear(db);
  say(
    `\nNo goodbye, no clean-up. The database says: ${formatCount(half.filled)} of ${formatCount(half.essays)} essays are done.\n`,
  );
  say(
    "Nobody has to know where it stopped: with its rows, and in the same transaction, it wrote down how far it was.",
  );
  say(emphasise("dim", "  $ tidefill resume essay-word-count"));
  const first = performance.now();
  await mustSucceed(new Actor(url, ["resume", "essay-word-count"]));
  const resumed = (performance.now() - first) / 1_000;
  const end = await hear(db);
  prove(end);
  await playTwin(db, url, end, (end.essays - half.filled) / resumed);
}

async function killHalfWay(db: Database, url: string): Promise<Actor> {
  const actor = new Actor(url, ["run", "essay-word-count"]);
  while (!actor.hasEnded) {
    const { rows } = await db.query(sql`select to_regclass('tidefill.range') is not null as is_there`);
    if (rows[0]?.is_there === "t" && (await writtenRows(db)) > essays * 0.45) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  if (actor.hasEnded) throw new TidefillError("demo", "The job ended before it could be killed.");
  await actor.kill();
  return actor;
}

async function writtenRows(db: Database): Promise<number> {
  const { rows } = await db.query(sql`select coalesce(sum(rows_written), 0) as written from tidefill.range`);
  return Number(rows[0]?.written ?? 0);
}

async function mustSucceed(actor: Actor): Promise<void> {
  const code = await actor.end();
  if (code !== 0) throw new TidefillError("demo", `The demo's job ended with exit code ${code}.`);
}

/** The proof is asked of the database, not of tidefill. @throws TidefillError when it fails */
function prove(seen: Testimony): void {
  say("\nThe proof. A trigger has recorded every single update of an essay:");
  say(`  essays                     ${formatCount(seen.essays)}`);
  say(`  essays with a word count   ${formatCount(seen.filled)}`);
  say(`  updates recorded           ${formatCount(seen.writes)}`);
  say(`  essays updated twice       ${formatCount(seen.twice)}`);
  const isRight = seen.filled === seen.essays && seen.writes === seen.essays && seen.twice === 0;
  if (!isRight) throw new TidefillError("demo", "That is not what was promised. Please report it.");
  say(`${emphasise("green", "  Killed in the middle, and every row was written exactly once.")}\n`);
}

async function playTwin(db: Database, url: string, before: Testimony, rowRate: number): Promise<void> {
  say("The same job can be written in SQL; then no row leaves the database. Once more from the start:");
  await startOver(db);
  say(emphasise("dim", "  $ tidefill run essay-word-count-sql"));
  const begin = performance.now();
  await mustSucceed(new Actor(url, ["run", "essay-word-count-sql"]));
  const sqlRate = essays / ((performance.now() - begin) / 1_000);
  const after = await hear(db);
  const isSame = after.checksum === before.checksum && after.writes === essays && after.twice === 0;
  if (!isSame)
    throw new TidefillError(
      "demo",
      "The SQL job came to other word counts than the one in TypeScript. Please report it.",
    );
  say(`\n  the words counted in TypeScript   ${formatCount(rowRate)} rows/s`);
  say(
    `  the words counted in SQL          ${formatCount(sqlRate)} rows/s, with the same ${formatCount(essays)} word counts`,
  );
  say(
    "  (this machine, start-up included; splitting words is slow in SQL, arithmetic and dates are faster there)\n",
  );
  await undoDemo(db, url);
}

/** The run is undone, after somebody has changed one row that it wrote. @throws TidefillError when that is not spared */
async function undoDemo(db: Database, url: string): Promise<void> {
  say("And if it was wrong? Somebody corrects one essay's count by hand, and only then the run is undone:");
  await db.query(sql`update essay_submission_essay set computed_word_count = -1 where id = ${corrected}`);
  say(emphasise("dim", "  $ tidefill undo essay-word-count-sql"));
  const code = await new Actor(url, ["undo", "essay-word-count-sql", "--yes"]).end();
  const { rows } = await db.query(sql`
    select count(*) filter (where computed_word_count is null) as empty,
      count(*) filter (where computed_word_count = -1 and id = ${corrected}) as kept
    from essay_submission_essay`);
  const isRight =
    code === exitCodes.incomplete && Number(rows[0]?.empty) === essays - 1 && rows[0]?.kept === "1";
  if (!isRight) throw new TidefillError("demo", "The undo did not do what was promised. Please report it.");
  say(
    `\n  ${formatCount(essays - 1)} essays are as they were before the run; essay ${corrected}, changed since, was left alone and listed.\n`,
  );
}

function sayWhereToLook(): void {
  say("Where to look next");
  say("  jobs/essay-word-count.ts       the job: fifteen lines");
  say("  docs/writing-jobs.md           your own");
  say("  docs/guarantees.md             what is promised, and what is not");
  say("  grafana/README.md              the dashboard");
  say("  tidefill plan <job>            what a run would do to your database, before it does it");
}
