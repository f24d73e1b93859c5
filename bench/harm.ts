// npm run bench:harm [-- --essays 60000 --rate 300 --seconds 15 --rounds 3]
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import pg from "pg";
import { Cluster } from "../src/embedded/cluster.ts";
import type { Contestant } from "./contestant.ts";
import { oneUpdate } from "./contestants/one-update.ts";
import { Procedure } from "./contestants/procedure.ts";
import { Tidefill } from "./contestants/tidefill.ts";
import { Application, type Felt } from "./harm/application.ts";
import { median } from "./series.ts";
import { Template } from "./template.ts";

/** What one neighbour did to the application, and how fast it was itself. */
interface Harm extends Felt {
  readonly rowsPerSecond: number | null;
}

/**
 * A neighbour's turn, then the application alone for as long. Machines have better and worse minutes, so the
 * two are measured close together, and occasional work of the server affects both.
 */
interface Turn {
  readonly alone: Harm;
  readonly beside: Harm;
}

// This process sends the application's requests, and does nothing else meanwhile.
const quietly = { isWatched: false };
const neighbours: readonly Contestant[] = [
  new Tidefill("tidefill-row", "`tidefill run`, in TypeScript", ["run", "essay-word-count"], quietly),
  new Tidefill("tidefill-sql", "`tidefill run`, in SQL", ["run", "essay-word-count-sql"], quietly),
  new Procedure(),
  oneUpdate,
];

const { values } = parseArgs({
  options: {
    essays: { type: "string", default: "60000" },
    rate: { type: "string", default: "300" },
    seconds: { type: "string", default: "15" },
    rounds: { type: "string", default: "3" },
  },
});
const [essays, rate, seconds] = [Number(values.essays), Number(values.rate), Number(values.seconds)];
const rounds = Number(values.rounds);
const settings = { fsync: "on", shared_buffers: "1GB", max_wal_size: "8GB", min_wal_size: "4GB" };

const cluster = await Cluster.open({ settings });
try {
  await useWal(cluster.url());
  const template = await Template.create(cluster, "school", essays);
  const turns = new Map<string, Turn[]>(neighbours.map(({ name }) => [name, []]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const neighbour of neighbours) {
      const turn = await takeTurn(template, neighbour);
      turns.get(neighbour.name)?.push(turn);
      process.stderr.write(`round ${round}: ${neighbour.name} ${ratioOf(turn).toFixed(2)}×\n`);
    }
  }
  process.stdout.write(`${toMarkdown(turns)}\n`);
  const file = fileURLToPath(new URL("harm.json", import.meta.url));
  const figures = { essays, rate, rounds, turns: Object.fromEntries(turns) };
  await writeFile(file, `${JSON.stringify(figures, null, 2)}\n`);
} finally {
  await cluster.stop();
}

/**
 * A server that has been in use reuses its WAL files. A new server creates each one, 16 MB of zeros and a
 * sync, while all commits wait. So enough of them are created before.
 */
async function useWal(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query("create table used (filler text storage external)");
    await client.query("insert into used select repeat(md5(g::text), 100) from generate_series(1, 600000) g");
    await client.query("drop table used");
    await client.query("checkpoint");
  } finally {
    await client.end();
  }
}

async function takeTurn(template: Template, neighbour: Contestant): Promise<Turn> {
  const { harm, lastedMs } = await beside(template, neighbour);
  return { beside: harm, alone: await alone(template, Math.max(1_000 * seconds, lastedMs)) };
}

async function alone(template: Template, forMs: number): Promise<Harm> {
  return template.withCopy(async (url) => {
    const application = new Application(url, essays, rate);
    await application.start();
    await new Promise((resolve) => setTimeout(resolve, forMs));
    return { rowsPerSecond: null, ...(await application.stop()) };
  });
}

/** The application starts first, and is measured from the neighbour's start to its end. */
async function beside(
  template: Template,
  neighbour: Contestant,
): Promise<{ readonly harm: Harm; readonly lastedMs: number }> {
  return template.withCopy(async (url) => {
    await neighbour.prepare?.(url);
    const application = new Application(url, essays, rate);
    await application.start();
    const begun = performance.now();
    const outcome = await neighbour.run(url);
    const lastedMs = performance.now() - begun;
    const felt = await application.stop();
    const wrong = await template.oracle.objection(url, "word count", outcome.rows);
    if (wrong !== undefined) throw new Error(`${neighbour.name}: ${wrong}`);
    return { harm: { rowsPerSecond: outcome.rows / outcome.seconds, ...felt }, lastedMs };
  });
}

function ratioOf({ alone: without, beside: withIt }: Turn): number {
  return withIt.p99 / without.p99;
}

function toMarkdown(turns: ReadonlyMap<string, readonly Turn[]>): string {
  const everyAlone = [...turns.values()].flat().map((turn) => turn.alone);
  const rows = [rowOf("alone", everyAlone, "")];
  for (const [name, taken] of turns)
    rows.push(
      rowOf(
        name,
        taken.map((turn) => turn.beside),
        spread(taken.map(ratioOf), (ratio) => ratio.toFixed(1), "×"),
      ),
    );
  return [
    `${rate} requests a second on ${essays.toLocaleString("en-US")} essays; latency from when each was due, from the neighbour's start to its end.`,
    `Medians of ${rounds} turns, and the least and the most of them; each ratio is to the application by itself just after, for as long.`,
    "",
    "| beside | errors | p50 | p99 | p99 to alone | worst | rows/s of the neighbour |",
    "| :-- | --: | --: | --: | --: | --: | --: |",
    ...rows,
  ].join("\n");
}

function rowOf(name: string, harms: readonly Harm[], ratio: string): string {
  const felt = (measure: "p50" | "p99" | "worst", digits: number): string =>
    spread(
      harms.map((harm) => harm[measure]),
      (milliseconds) => milliseconds.toFixed(digits),
      " ms",
    );
  const speeds = harms.flatMap(({ rowsPerSecond }) => rowsPerSecond ?? []);
  const speed = speeds.length === 0 ? "" : Math.round(median(speeds)).toLocaleString("en-US");
  const errors = harms.reduce((sum, harm) => sum + harm.errors, 0);
  return `| ${[name, errors, felt("p50", 1), felt("p99", 1), ratio, felt("worst", 0), speed].join(" | ")} |`;
}

function spread(numbers: readonly number[], format: (number: number) => string, unit: string): string {
  const [least, most] = [Math.min(...numbers), Math.max(...numbers)].map(format);
  return `${format(median(numbers))}${unit} (${least}–${most})`;
}
