// npm run bench:calls [-- --essays 10000 --repeat 3]: asks a model that takes 200 ms for each answer, 64 calls
// at once, and compares with the ideal and with a loop by hand.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { Cluster } from "../src/embedded/cluster.ts";
import { runChild } from "./child.ts";
import { readOptions } from "./options.ts";
import { Template } from "./template.ts";

const atOnce = 64;
const answerSeconds = 0.2;
const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

const given = readOptions(process.argv.slice(2));
const essays = process.argv.includes("--essays") ? given.essays : 10_000;
const ideal = (essays * answerSeconds) / atOnce;

const contestants = {
  "by hand": (database: string, model: string) => [path("calls/by-hand.js"), database, model, String(atOnce)],
  "tidefill run": (database: string) => [
    path("../bin/tidefill.js"),
    "run",
    "ask-model",
    ...["--jobs", path("jobs"), "--database-url", database, "--json"],
  ],
} as const;

const server = spawn(process.execPath, [path("calls/model.js")], { stdio: ["ignore", "pipe", "inherit"] });
const [line] = (await once(server.stdout, "data")) as [Buffer];
const model = line.toString().trim();
const cluster = await Cluster.open({ settings: { fsync: "on" } });
try {
  const template = await Template.create(cluster, "calls_template", essays);
  process.stdout.write(
    `${essays} essays, ${atOnce} calls at once of 200 ms; the ideal is ${ideal.toFixed(1)} s\n`,
  );
  for (let turn = 1; turn <= given.repeat; turn += 1)
    for (const [name, command] of Object.entries(contestants))
      await template.withCopy(async (database) => {
        const {
          seconds,
          peakMemoryBytes = 0,
          processorSeconds = 0,
        } = await runChild(process.execPath, command(database, model), {
          environment: { MODEL_URL: model, CALLS_AT_ONCE: String(atOnce) },
        });
        await requireAnswers(database);
        process.stdout.write(
          `${name}: ${seconds.toFixed(1)} s, ${(ideal / seconds).toFixed(2)} of the ideal rate, ` +
            `${processorSeconds.toFixed(1)} s of processor time, ${Math.round(peakMemoryBytes / 1_048_576)} MiB\n`,
        );
      });
} finally {
  server.kill();
  await cluster.stop();
}

async function requireAnswers(database: string): Promise<void> {
  const client = new pg.Client({ connectionString: database });
  await client.connect();
  const { rows } = await client.query(
    "select count(*)::integer as wrong from essay_submission_essay where computed_word_count is distinct from octet_length(content)",
  );
  await client.end();
  if (rows[0].wrong !== 0) throw new Error(`${rows[0].wrong} essays have no answer, or a wrong one.`);
}
