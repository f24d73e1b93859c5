import { readFileSync } from "node:fs";
import { alignColumns } from "../../describe/align-columns.ts";
import { Cluster } from "../../embedded/cluster.ts";
import { exitCodes } from "../../engine/report/exit-code.ts";
import { TidefillError } from "../../errors.ts";
import { formatCount } from "../../observe/format.ts";
import { ownFile } from "../../own-package.ts";
import { createPool } from "../../postgres/connection/create-pool.ts";
import { sql } from "../../postgres/sql/sql.ts";
import { Database } from "../../postgres/transaction/database.ts";
import { emphasise, say } from "../terminal/output.ts";
import { Actor } from "./actor.ts";
import { createSampleSchool } from "./create-sample-school.ts";
import { throwAway } from "./throw-away.ts";
import { callWitness, hear, type Testimony } from "./witness.ts";

const essays = 100_000;
const job = "essay-word-count";
/** the essay whose count a user corrects by hand */
const corrected = 4_711;

/** The demo: a job on a real database is killed half-way, resumed and undone. The database is the witness. */
export async function show(): Promise<void> {
  say(`${emphasise("bold", "tidefill demo")}: a backfill is killed half-way, resumed and undone.`);
  say("It takes about half a minute, and starts a PostgreSQL of its own in a temporary folder.\n");
  const cluster = await Cluster.open({ settings: throwAway });
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
      await play(db, cluster.url());
    } finally {
      await db.close();
    }
  } finally {
    await cluster.stop("immediate");
  }
}

async function play(db: Database, url: string): Promise<void> {
  await showTable(db);
  heading(`The job, jobs/${job}.ts, fills that column`);
  say(indented(readFileSync(ownFile(`jobs/${job}.ts`), "utf8")));
  heading("A run of it");
  await killHalfWay(db, url);
  const half = await hear(db);
  say(`  ${formatCount(half.filled)} of ${formatCount(essays)} essays have their count.`);
  heading("The same run, resumed");
  type(`tidefill resume ${job}`);
  await mustSucceed(new Actor(url, ["resume", job]));
  prove(await hear(db));
  await undo(db, url);
  heading("Type next");
  say("  npx tidefill init my-backfills                a project with examples that run at once");
  say("  npx tidefill new fill-… --table <yours>       a job for a table of yours, and its test");
  say("  npx tidefill plan fill-…                      what a run would do; it writes nothing");
}

async function showTable(db: Database): Promise<void> {
  heading(`The table essay_submission_essay: ${formatCount(essays)} rows, and an empty column`);
  const { rows } = await db.query(sql`
    select id, left(content, 40) || '…' as content, computed_word_count
    from essay_submission_essay
    order by id
    limit 3`);
  const lines = rows.map(({ id, content, computed_word_count: count }) => [
    id ?? "",
    (content ?? "").replaceAll(/\s+/g, " "),
    count ?? "null",
  ]);
  say(indented(alignColumns([["id", "content", "computed_word_count"], ...lines])));
}

async function killHalfWay(db: Database, url: string): Promise<void> {
  type(`tidefill run ${job}`);
  const actor = new Actor(url, ["run", job]);
  while (!actor.hasEnded) {
    const { rows } = await db.query(sql`select to_regclass('tidefill.range') is not null as is_there`);
    if (rows[0]?.is_there === "t" && (await writtenRows(db)) > essays * 0.45) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  if (actor.hasEnded) throw new TidefillError("demo", "The job ended before it could be killed.");
  await actor.kill();
  say("");
  type(`kill -9 ${actor.pid}`);
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
  heading("The proof: a trigger has recorded each update of an essay");
  say(`  essays                     ${formatCount(seen.essays)}`);
  say(`  essays with a word count   ${formatCount(seen.filled)}`);
  say(`  updates recorded           ${formatCount(seen.writes)}`);
  say(`  essays updated twice       ${formatCount(seen.twice)}`);
  const isRight = seen.filled === seen.essays && seen.writes === seen.essays && seen.twice === 0;
  if (!isRight) throw new TidefillError("demo", "That is not what was promised. Please report it.");
  say(emphasise("green", "  Killed in the middle, and each row was written exactly once."));
}

/** Undoes the run after one of its rows was changed by hand. @throws TidefillError when that row is not spared */
async function undo(db: Database, url: string): Promise<void> {
  heading(`The undo, after a user has corrected the count of essay ${corrected}`);
  await db.query(sql`update essay_submission_essay set computed_word_count = -1 where id = ${corrected}`);
  type(`tidefill undo ${job}`);
  const code = await new Actor(url, ["undo", job, "--yes"], { silent: true }).end();
  const { rows } = await db.query(sql`
    select count(*) filter (where computed_word_count is null) as empty,
      count(*) filter (where computed_word_count = -1 and id = ${corrected}) as kept
    from essay_submission_essay`);
  const isRight =
    code === exitCodes.incomplete && Number(rows[0]?.empty) === essays - 1 && rows[0]?.kept === "1";
  if (!isRight) throw new TidefillError("demo", "The undo did not do what was promised. Please report it.");
  say(`  ${formatCount(essays - 1)} essays are as they were; essay ${corrected} keeps what the user wrote.`);
}

function heading(text: string): void {
  say(`\n${emphasise("bold", text)}`);
}

function type(command: string): void {
  say(emphasise("dim", `  $ ${command}`));
}

function indented(text: string): string {
  return text.trimEnd().replaceAll(/^(?=.)/gm, "  ");
}
