// npm run bench:scale: measures what must not depend on the table's size, on tables of 1, 5 and 10 million
// rows.
import pg from "pg";
import { defineJob, defineSqlJob, rowsOf, runJob, sql, table, update } from "tidefill";
import { Cluster } from "../src/embedded/cluster.ts";

const counters = table("counters", { key: "id", columns: { id: "bigint", n: "integer?" } });

const job = defineJob({
  name: "fill",
  source: rowsOf(counters, { read: ["n"], pending: sql`n is null` }),
  transform: (row) => ({ n: Number(row.id % 1_000n) }),
  sink: update(counters, ["n"]),
});

const sparse = defineSqlJob({
  name: "fill-sparse",
  source: rowsOf(counters, { pending: sql`n is null` }),
  sink: update(counters, { n: sql`0` }),
});

interface Figures {
  readonly firstCommitSeconds: number;
  readonly seconds: number;
  readonly rowsPerSecond: number;
  readonly longestStatementMs: number;
}

const settings = {
  shared_buffers: "1GB",
  max_wal_size: "8GB",
  shared_preload_libraries: "pg_stat_statements",
  "pg_stat_statements.track_utility": "off",
};
const cluster = await Cluster.open({ settings });
try {
  const client = new pg.Client({ connectionString: cluster.url() });
  await client.connect();
  await client.query("create extension pg_stat_statements");
  for (const millions of [1, 10]) {
    await fill(client, millions, "null");
    report(`${millions} million rows, all pending, row job`, await measure(client, job));
  }
  await fill(client, 5, "case when g % 50000 = 0 then null else 0 end");
  report("5 million rows, 100 pending, no index", await measure(client, sparse));
  await fill(client, 5, "case when g % 50000 = 0 then null else 0 end");
  await client.query("create index on counters (id) where n is null");
  await client.query("vacuum (analyze) counters");
  report("5 million rows, 100 pending, a partial index", await measure(client, sparse));
  await client.end();
} finally {
  await cluster.stop();
}

async function fill(client: pg.Client, millions: number, value: string): Promise<void> {
  await client.query("drop schema if exists tidefill cascade");
  await client.query("drop table if exists counters");
  await client.query("create table counters (id bigint, n integer, other text)");
  await client.query(`
    insert into counters
    select g, ${value}, 'some text beside it'
    from generate_series(1, ${millions * 1_000_000}) g`);
  await client.query("alter table counters add primary key (id)");
  await client.query("vacuum (analyze) counters");
  await client.query("checkpoint");
}

async function measure(client: pg.Client, which: typeof job): Promise<Figures> {
  await client.query("select pg_stat_statements_reset()");
  const begin = performance.now();
  let first = 0;
  const { rows } = await runJob(which, {
    connectionString: cluster.url(),
    onEvent: (event) => {
      if (event.type === "batch committed" && first === 0) first = performance.now() - begin;
    },
  });
  const seconds = (performance.now() - begin) / 1_000;
  const { rows: longest } = await client.query<{ max: number }>(`
    select max(max_exec_time) as max
    from pg_stat_statements
    where query like '%counters%' and query not like '%drop table%'`);
  const rowsPerSecond = rows.written / seconds;
  return {
    firstCommitSeconds: first / 1_000,
    seconds,
    rowsPerSecond,
    longestStatementMs: longest[0]?.max ?? 0,
  };
}

function report(what: string, figures: Figures): void {
  const { firstCommitSeconds, seconds, rowsPerSecond, longestStatementMs } = figures;
  const memory = Math.round(process.resourceUsage().maxRSS / 1_024);
  process.stdout.write(
    `${what}: first batch committed after ${firstCommitSeconds.toFixed(2)} s, done in ${seconds.toFixed(2)} s, ` +
      `${Math.round(rowsPerSecond).toLocaleString("en-US")} rows/s, longest statement on the table ${longestStatementMs.toFixed(0)} ms, ` +
      `peak memory so far ${memory} MiB\n`,
  );
}
