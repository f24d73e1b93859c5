// npm run bench:ddl [-- --essays 200000 --changes 1000]
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import pg from "pg";
import { Cluster } from "../src/embedded/cluster.ts";
import { Tidefill } from "./contestants/tidefill.ts";
import { Template } from "./template.ts";

const { values } = parseArgs({
  options: { essays: { type: "string", default: "200000" }, changes: { type: "string", default: "1000" } },
});
const [essays, changes] = [Number(values.essays), Number(values.changes)];
const table = "essay_submission_essay";
/** Runs of a job, one after the other, until `stop` is called. */
class Runs {
  readonly #url: string;
  readonly #all: Promise<void>;
  #count = 0;
  #isStopping = false;

  constructor(url: string) {
    this.#url = url;
    this.#all = this.#go();
  }

  async stop(): Promise<number> {
    this.#isStopping = true;
    await this.#all;
    return this.#count;
  }

  async #go(): Promise<void> {
    const command = ["run", "touch-essays", "--again"];
    while (!this.#isStopping) {
      await new Tidefill("again", "again", command).run(this.#url);
      this.#count += 1;
    }
  }
}

const insertFeedback = "insert into essay_feedback (essay_id, feedback_type, comment)";

async function references(client: pg.Client): Promise<number[]> {
  const waits: number[] = [];
  for (let count = 0; count < 1_000; count += 1) {
    const id = 1 + Math.floor(Math.random() * essays);
    waits.push(await timed(client, `${insertFeedback} values (${id}, 'grammar', 'well done')`));
  }
  return waits;
}

async function timed(client: pg.Client, statement: string): Promise<number> {
  const begun = performance.now();
  await client.query(statement);
  return performance.now() - begun;
}

/** How many batches all runs have done so far. */
async function batches(client: pg.Client): Promise<number> {
  const { rows } = await client.query("select coalesce(sum(batches), 0)::integer as n from tidefill.range");
  return Number(rows[0]?.n);
}

/** Changes are only worth measuring beside work. */
async function awaitWork(client: pg.Client): Promise<void> {
  while ((await batches(client).catch(() => 0)) === 0) await delay(50);
}

function report(what: string, milliseconds: readonly number[]): void {
  const sorted = milliseconds.toSorted((left, right) => left - right);
  const at = (share: number): string =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(1);
  process.stdout.write(`${what}: median ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms\n`);
}

const cluster = await Cluster.open({ settings: { fsync: "on", shared_buffers: "1GB", max_wal_size: "8GB" } });
try {
  const template = await Template.create(cluster, "school", essays);
  await template.withCopy(async (url) => {
    const run = new Runs(url);
    const client = new pg.Client({ connectionString: url, application_name: "school" });
    await client.connect();
    await awaitWork(client);
    const [doneBefore, begun] = [await batches(client), performance.now()];
    const waits: number[] = [];
    for (let change = 1; change <= changes; change += 1) {
      waits.push(await timed(client, `alter table ${table} add column added_${change} integer`));
      await client.query(`alter table ${table} drop column added_${change}`);
      // Otherwise most changes would wait for one another, and few for a batch.
      await delay(10 + 20 * Math.random());
    }
    const seconds = (performance.now() - begun) / 1_000;
    report(`${changes} × alter table … add column`, waits);
    process.stdout.write(
      `  in ${seconds.toFixed(1)} s, beside ${(await batches(client)) - doneBefore} batches\n`,
    );
    report("insert of a row that refers to an essay", await references(client));
    report("create index concurrently", [
      await timed(client, `create index concurrently on ${table} (title)`),
    ]);
    report("vacuum", [await timed(client, `vacuum ${table}`)]);
    await client.end();
    process.stdout.write(`${await run.stop()} runs of a job over ${essays} essays meanwhile\n`);
  });
} finally {
  await cluster.stop();
}
