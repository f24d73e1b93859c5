// npm run bench [-- --essays 1000000 --repeat 3 --only tidefill,procedure --full]
import { writeFile } from "node:fs/promises";
import { availableParallelism, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { Cluster } from "../src/embedded/cluster.ts";
import type { Contestant } from "./contestant.ts";
import { CopyByHand, copyInSql, copyThroughDriver } from "./contestants/copy-by-hand.ts";
import { Django } from "./contestants/django.ts";
import { NaiveLoop } from "./contestants/naive-loop.ts";
import { countDifferences, insertSelect, oneUpdate } from "./contestants/one-update.ts";
import { Procedure } from "./contestants/procedure.ts";
import { Tidefill } from "./contestants/tidefill.ts";
import { type Options, readOptions } from "./options.ts";
import { type Circumstances, compare, toMarkdown } from "./report.ts";
import { Series } from "./series.ts";
import { Template } from "./template.ts";

const everybody: readonly Contestant[] = [
  new Tidefill("tidefill-row", "`tidefill run`, the words counted in TypeScript", [
    "run",
    "essay-word-count",
  ]),
  new Tidefill("tidefill-sql", "`tidefill run`, the words counted in SQL", ["run", "essay-word-count-sql"]),
  new Tidefill("tidefill-row-without-undo", "the same without an undo log", [
    "run",
    "essay-word-count-without-undo",
  ]),
  new Tidefill("tidefill-sql-without-undo", "the same without an undo log", [
    "run",
    "essay-word-count-sql-without-undo",
  ]),
  oneUpdate,
  new Procedure(),
  new Tidefill("tidefill-undo-row", "`tidefill undo` of the run in TypeScript", ["undo", "1", "--yes"], {
    task: "undo",
    before: [["run", "essay-word-count"]],
  }),
  new Tidefill("tidefill-undo-sql", "`tidefill undo` of the run in SQL", ["undo", "1", "--yes"], {
    task: "undo",
    before: [["run", "essay-word-count-sql"]],
  }),
  new Tidefill("tidefill-copy-row", "`tidefill run`, a copy by a transform", ["run", "copy-essays"], {
    task: "copy",
  }),
  new Tidefill("tidefill-copy-sql", "`tidefill run`, a copy in SQL", ["run", "copy-essays-sql"], {
    task: "copy",
  }),
  insertSelect,
  new CopyByHand("copy-by-hand-driver", "a copy by hand with `pg`", 4, 2_000, copyThroughDriver),
  new CopyByHand(
    "copy-by-hand-sql",
    "a copy by hand in SQL, its keys in a second table",
    2,
    20_000,
    copyInSql,
  ),
  new Tidefill("tidefill-verify", "`tidefill verify` of the SQL job", ["verify", "essay-word-count-sql"], {
    task: "compare",
    before: [["run", "essay-word-count-sql"]],
  }),
  countDifferences,
  new NaiveLoop("naive-loop", false),
  new NaiveLoop("naive-loop-in-transactions", true),
  new Django(),
];

const settings = { fsync: "on", shared_buffers: "1GB", max_wal_size: "8GB" };
const resultFile = fileURLToPath(new URL("results.json", import.meta.url));

const options = readOptions(process.argv.slice(2));
const cluster = await Cluster.open({ settings });
try {
  const series = await enrol(cluster, options);
  await takeTurns(series, options.repeat);
  const results = series.map((each) => each.result());
  const report = compare(await circumstances(cluster, options), results);
  await writeFile(resultFile, `${JSON.stringify(report, null, 2)}\n`);
  process.stdout.write(toMarkdown(report));
  if (results.some(({ status }) => status === "failed")) process.exitCode = 1;
} finally {
  await cluster.stop();
}

async function enrol(cluster: Cluster, { essays, only, full }: Options): Promise<readonly Series[]> {
  const chosen = everybody.filter(
    ({ name }) => only === undefined || only.some((each) => stands(each, name)),
  );
  if (chosen.length === 0) {
    throw new Error(`--only names nobody. There are: ${everybody.map(({ name }) => name).join(", ")}.`);
  }
  say(`making the school with ${essays} essays`);
  const whole = await Template.create(cluster, "bench_template", essays);
  const part = full ? essays : partFor(essays);
  const some =
    part === essays || !chosen.some(({ slow }) => slow)
      ? whole
      : await Template.create(cluster, "bench_template_part", part);
  return chosen.map((contestant) => new Series(contestant, contestant.slow ? some : whole));
}

/** A tenth, but enough rows that the start of a process does not matter. */
function partFor(essays: number): number {
  return Math.min(essays, Math.max(20_000, Math.floor(essays / 10)));
}

/** A B C, A B C, …: what else the machine does affects all of them. */
async function takeTurns(series: readonly Series[], repeat: number): Promise<void> {
  for (const each of series) each.skipped = await each.contestant.unavailable();
  for (let turn = 1; turn <= repeat; turn++) {
    for (const each of series.filter(({ over }) => !over)) {
      await each.runOnce();
      const seconds = each.outcomes.at(-1)?.seconds.toFixed(2);
      say(`turn ${turn} of ${repeat}: ${each.contestant.name} ${each.failure ?? `${seconds} s`}`);
    }
  }
}

async function circumstances(cluster: Cluster, { essays, repeat }: Options): Promise<Circumstances> {
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

function stands(wanted: string, name: string): boolean {
  return name === wanted || name.startsWith(`${wanted}-`);
}

function say(message: string): void {
  process.stderr.write(`${message}\n`);
}
