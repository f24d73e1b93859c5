// npm run bench:harm [-- --essays 500000 --rate 300 --seconds 10 --rounds 3 --only procedure --paces 1000,all]
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Cluster } from "../src/embedded/cluster.ts";
import { connected } from "./connected.ts";
import type { Neighbour } from "./harm/neighbour.ts";
import { PacedLoop } from "./harm/neighbours/paced-loop.ts";
import { PacedProcedure } from "./harm/neighbours/paced-procedure.ts";
import { PacedTidefill } from "./harm/neighbours/paced-tidefill.ts";
import { type Point, toMarkdown } from "./harm/report.ts";
import { takeTurn } from "./harm/turn.ts";
import { Template } from "./template.ts";

const { values } = parseArgs({
  options: {
    essays: { type: "string", default: "500000" },
    rate: { type: "string", default: "300" },
    seconds: { type: "string", default: "10" },
    rounds: { type: "string", default: "3" },
    only: { type: "string" },
    paces: { type: "string", default: "1000,3000,10000,20000,all" },
  },
});
const [essays, rate, seconds] = [Number(values.essays), Number(values.rate), Number(values.seconds)];
const paces = values.paces.split(",").map((pace) => (pace === "all" ? null : Number(pace)));
const settings = { fsync: "on", shared_buffers: "1GB", max_wal_size: "8GB", min_wal_size: "4GB" };

/** A neighbour that finds its own pace has one point, the other ones have one at each pace. */
const neighbours: readonly (readonly [Neighbour, readonly (number | null)[]])[] = [
  [new PacedTidefill("row", "essay-word-count", true), [null]],
  [new PacedTidefill("sql", "essay-word-count-sql", true), [null]],
  [new PacedTidefill("row-paced", "essay-word-count", false), paces],
  [new PacedTidefill("sql-paced", "essay-word-count-sql", false), paces],
  [new PacedProcedure(), paces],
  [new PacedLoop(), paces],
];
const only = values.only?.split(",");
const points: readonly Point[] = neighbours
  .filter(([{ name }]) => only?.includes(name) ?? true)
  .flatMap(([neighbour, each]) => each.map((pace) => ({ neighbour, pace, turns: [] })));

const cluster = await Cluster.open({ settings });
try {
  await useWal(cluster.url());
  const template = await Template.create(cluster, "school", essays);
  for (let round = 1; round <= Number(values.rounds); round += 1)
    for (const { neighbour, pace, turns } of points) {
      const turn = await takeTurn(template, neighbour, pace, { rate, seconds });
      turns.push(turn);
      const felt = `p99 ${turn.beside.p99.toFixed(1)} ms, alone ${turn.alone.p99.toFixed(1)}`;
      process.stderr.write(
        `round ${round}: ${neighbour.name} ${pace ?? "all"}: ${Math.round(turn.rowsPerSecond)} rows/s, ${felt}\n`,
      );
    }
  process.stdout.write(`${toMarkdown(points)}\n`);
  const figures = points.map(({ neighbour, pace, turns }) => ({
    neighbour: neighbour.name,
    pace,
    essays,
    turns,
  }));
  const file = fileURLToPath(new URL("harm.json", import.meta.url));
  await writeFile(file, `${JSON.stringify({ rate, seconds, points: figures }, null, 2)}\n`);
} finally {
  await cluster.stop();
}

/**
 * A server that has been in use reuses its WAL files. A new server creates each one, 16 MB of zeros and a
 * sync, while all commits wait. So enough of them are created before.
 */
async function useWal(url: string): Promise<void> {
  await connected(url, async (client) => {
    await client.query("create table used (filler text storage external)");
    await client.query("insert into used select repeat(md5(g::text), 100) from generate_series(1, 600000) g");
    await client.query("drop table used");
    await client.query("checkpoint");
  });
}
