// npm run bench:harm [-- --essays 200000 --rate 300 --seconds 20]
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
import { Template } from "./template.ts";

/** What one neighbour did to the application, and how fast it was itself. */
interface Harm extends Felt {
  readonly beside: string;
  readonly rowsPerSecond: number | null;
}

const neighbours: readonly Contestant[] = [
  new Tidefill("tidefill-row", "`tidefill run`, in TypeScript", ["run", "essay-word-count"]),
  new Tidefill("tidefill-sql", "`tidefill run`, in SQL", ["run", "essay-word-count-sql"]),
  new Procedure(),
  oneUpdate,
];

const { values } = parseArgs({
  options: {
    essays: { type: "string", default: "200000" },
    rate: { type: "string", default: "300" },
    seconds: { type: "string", default: "20" },
  },
});
const [essays, rate, seconds] = [Number(values.essays), Number(values.rate), Number(values.seconds)];
const settings = { fsync: "on", shared_buffers: "1GB", max_wal_size: "8GB", min_wal_size: "4GB" };

const cluster = await Cluster.open({ settings });
try {
  await useWal(cluster.url());
  const template = await Template.create(cluster, "school", essays);
  const harms: Harm[] = [await alone(template)];
  for (const neighbour of neighbours) harms.push(await beside(template, neighbour));
  process.stdout.write(`${toMarkdown(harms)}\n`);
  const file = fileURLToPath(new URL("harm.json", import.meta.url));
  await writeFile(file, `${JSON.stringify({ essays, rate, harms }, null, 2)}\n`);
} finally {
  await cluster.stop();
}

/**
 * A server that has been in use writes its WAL into files that it has; a new one creates each, 16 MB of zeros and a sync, while
 * everybody who commits waits. So enough of them are written once before.
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

async function alone(template: Template): Promise<Harm> {
  return template.withCopy(async (url) => {
    const application = new Application(url, essays, rate);
    await application.start();
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
    return { beside: "alone", rowsPerSecond: null, ...(await application.stop()) };
  });
}

/** The application is there first, and is measured from the neighbour's beginning to its end. */
async function beside(template: Template, neighbour: Contestant): Promise<Harm> {
  return template.withCopy(async (url) => {
    await neighbour.prepare?.(url);
    const application = new Application(url, essays, rate);
    await application.start();
    const outcome = await neighbour.run(url);
    const felt = await application.stop();
    const wrong = await template.oracle.objection(url, "word count", outcome.rows);
    if (wrong !== undefined) throw new Error(`${neighbour.name}: ${wrong}`);
    return { beside: neighbour.name, rowsPerSecond: outcome.rows / outcome.seconds, ...felt };
  });
}

function toMarkdown(harms: readonly Harm[]): string {
  const [base] = harms;
  const rows = harms.map(({ beside: name, rowsPerSecond, requests, errors, p50, p99, worst }) => {
    const ratio = base === undefined ? "" : ` (${(p99 / base.p99).toFixed(1)}×)`;
    const speed = rowsPerSecond === null ? "" : Math.round(rowsPerSecond).toLocaleString("en-US");
    const cells = [
      name,
      requests,
      errors,
      `${p50.toFixed(1)} ms`,
      `${p99.toFixed(1)} ms${ratio}`,
      `${Math.round(worst)} ms`,
      speed,
    ];
    return `| ${cells.join(" | ")} |`;
  });
  return [
    `${rate} requests a second on ${essays.toLocaleString("en-US")} essays; latency from when each was due, the first two seconds left out.`,
    "",
    "| beside | requests | errors | p50 | p99 | worst | rows/s of the neighbour |",
    "| :-- | --: | --: | --: | --: | --: | --: |",
    ...rows,
  ].join("\n");
}
