import { mkdtempSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  csvFile,
  defineJob,
  insertInto,
  type Job,
  ndjsonFile,
  type RunReport,
  reject,
  resumeRun,
  retryRejects,
  rows,
  runJob,
  table,
  undoRun,
  verifyRun,
} from "tidefill";
import { afterAll, beforeEach, expect, test } from "vitest";
import { useDatabase } from "../../support/database.ts";
import { emptyStore } from "../../support/empty-store.ts";

const database = useDatabase();
const folder = mkdtempSync(join(tmpdir(), "tidefill-files-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

const types = table("types", { key: "id", columns: { id: "bigint", name: "text", weight: "integer?" } });
const columns = { name: "text", weight: "integer?" } as const;
const pending = insertInto(types, ["name", "weight"], { onConflict: { target: ["name"], do: "nothing" } });
const log = table("arrivals", { columns: { name: "text", weight: "integer?" } });
const everyArrival = insertInto(log, ["name", "weight"]);

beforeEach(async () => {
  await database.query(`${emptyStore}; drop table if exists types, arrivals`);
  await database.query(
    "create table types (id bigint generated always as identity primary key, name text not null unique, weight integer)",
  );
  await database.query("create table arrivals (name text not null, weight integer)");
});

function csvOf(count: number): string {
  const lines = Array.from({ length: count }, (_, index) => `"name ${index},\nquoted",${index}`);
  return `name,weight\n${lines.join("\n")}\n`;
}

function fileJob(name: string, path: string, sink = everyArrival): Job {
  const source = path.endsWith(".csv") ? csvFile(path, { columns }) : ndjsonFile(path, { columns });
  return defineJob({ name, source, transform: (row) => row, sink, pace: { batchTime: "50ms" } });
}

const options = () => ({ connectionString: database.url, workers: 3 });

test.each(["arrivals.csv", "arrivals.ndjson"])(
  "each record of %s arrives exactly once, in several ranges and batches",
  { tags: ["promise"] },
  async (name) => {
    const path = join(folder, name);
    const count = 30_000;
    const lines = Array.from({ length: count }, (_, index) =>
      JSON.stringify({ name: `name ${index},\nquoted`, weight: index }),
    );
    writeFileSync(path, name.endsWith(".csv") ? csvOf(count) : `${lines.join("\n")}\n`);
    const report = await runJob(fileJob("arrive", path), options());
    expect(report).toMatchObject({ status: "succeeded", rows: { read: count, written: count } });
    const oracle = `select count(*)::integer as rows, count(distinct weight)::integer as weights,
    count(*) filter (where name <> 'name ' || weight || e',\nquoted')::integer as wrong from arrivals`;
    expect(await database.query(oracle)).toEqual([{ rows: count, weights: count, wrong: 0 }]);
    expect((await undoRun(String(report.run), options())).rows).toMatchObject({
      written: count,
      conflicted: 0,
    });
    expect(await database.query("select from arrivals")).toEqual([]);
  },
);

test("a run over a file resumes where it stopped, but refuses a file that has changed", {
  tags: ["promise"],
}, async () => {
  const path = join(folder, "stopped.csv");
  writeFileSync(path, csvOf(20_000));
  const job = fileJob("stopped", path);
  const stop = new AbortController();
  let batches = 0;
  const onEvent = ({ type }: { readonly type: string }): void => {
    batches += type === "batch committed" ? 1 : 0;
    if (batches === 5) stop.abort();
  };
  expect(await runJob(job, { ...options(), signal: stop.signal, onEvent })).toMatchObject({
    status: "interrupted",
  });
  writeFileSync(path, csvOf(20_001));
  await expect(resumeRun(job, "stopped", options())).rejects.toMatchObject({ check: "file-is-unchanged" });
  writeFileSync(path, csvOf(20_000));
  expect(await resumeRun(job, "stopped", options())).toMatchObject({
    status: "succeeded",
    rows: { written: 20_000 },
  });
  const counted =
    "select count(*)::integer as rows, count(distinct weight)::integer as weights from arrivals";
  expect(await database.query(counted)).toEqual([{ rows: 20_000, weights: 20_000 }]);
});

test("broken records are rejects that name their line, and the other records arrive", async () => {
  const path = join(folder, "broken.csv");
  writeFileSync(
    path,
    Buffer.from('name,weight\nfine,1\n"two\nlines",2\nbad,heavy\nodd,\xff\ngood,5\n', "latin1"),
  );
  const report = await runJob(fileJob("broken", path), options());
  expect(report).toMatchObject({ status: "succeeded", rows: { written: 3, rejected: 2 } });
  const kept = await database.query("select reason from tidefill.reject order by key[1]::bigint");
  expect(kept.map(({ reason }) => reason)).toEqual([
    expect.stringContaining("line 5"),
    expect.stringContaining("line 6"),
  ]);
});

test.each(["csv", "ndjson"])(
  "records of %s that PostgreSQL or the transform refuses name their line too",
  async (kind) => {
    const path = join(folder, `refused.${kind}`);
    const list = ["fine,1", "long name,2", "thrown,3", "refused,4", "odd,5", "fine,6"];
    const asJson = (text: string): string => {
      const [name, weight] = text.split(",");
      return JSON.stringify({ name, weight: Number(weight) });
    };
    writeFileSync(path, kind === "csv" ? `name,weight\n${list.join("\n")}\n` : list.map(asJson).join("\n"));
    await database.query("create unique index on arrivals (name)");
    await database.query("alter table arrivals add check (length(name) < 9)");
    const job = defineJob({
      name: "refused",
      source: kind === "csv" ? csvFile(path, { columns }) : ndjsonFile(path, { columns }),
      transform: (row) => {
        if (row.name === "thrown") throw new Error("no");
        if (row.name === "odd") return { ...row, weight: 0.5 };
        return row.name === "refused" ? reject("not wanted") : row;
      },
      sink: insertInto(log, ["name", "weight"], { onConflict: { target: ["name"], do: "reject" } }),
    });
    expect(await runJob(job, options())).toMatchObject({ rows: { written: 1, rejected: 5 } });
    const kept = await database.query("select reason from tidefill.reject order by key[1]::bigint");
    const first = kind === "csv" ? 3 : 2;
    expect(kept.map(({ reason }) => String(reason).split(",")[0])).toEqual(
      [0, 1, 2, 3, 4].map((at) => `line ${first + at}`),
    );
  },
);

test("a file with broken quotes in places loses only those lines, from the first to the last", async () => {
  const path = join(folder, "quotes.csv");
  const lines = Array.from({ length: 20_000 }, (_, index) => `name ${index},${index}`);
  for (const [at, text] of [
    [0, '2,5" disk,1'],
    [9_999, '"un"closed,2'],
    [19_999, '"never closed'],
  ] as const)
    lines[at] = text;
  writeFileSync(path, `name,weight\n${lines.join("\n")}\n`);
  expect(await runJob(fileJob("quotes", path), options())).toMatchObject({
    status: "succeeded",
    rows: { read: 20_000, written: 19_997, rejected: 3 },
  });
  const kept = await database.query("select reason from tidefill.reject order by key[1]::bigint");
  expect(kept.map(({ reason }) => String(reason).split(",")[0])).toEqual([
    "line 2",
    "line 10001",
    "line 20001",
  ]);
});

test("seeding twice changes nothing, and the report says so", async () => {
  const seed = defineJob({
    name: "seed",
    source: rows(
      [
        { name: "content", weight: 3 },
        { name: "style", weight: null },
      ],
      { columns },
    ),
    transform: (row) => row,
    sink: pending,
  });
  expect(await runJob(seed, options())).toMatchObject({ status: "succeeded", rows: { read: 2, written: 2 } });
  const before = await database.query("select id, name, weight, xmin::text from types order by id");
  expect(await runJob(seed, { ...options(), again: true })).toMatchObject({
    status: "succeeded",
    rows: { read: 2, written: 0, conflicted: 2 },
  });
  expect(await database.query("select id, name, weight, xmin::text from types order by id")).toEqual(before);
});

/** Rows in each kind of source outside the database; the table refuses every seventeenth. */
const refused = Array.from({ length: 1_000 }, (_, index) => ({
  name: `name ${index},\nquoted`,
  weight: index % 17 === 0 ? -index - 1 : index,
}));
const upsert = insertInto(types, ["name", "weight"], {
  onConflict: { target: ["name"], do: "update", columns: ["weight"] },
});

function jobsOfRefused(): readonly Job[] {
  const csv = join(folder, "refused.csv");
  const ndjson = join(folder, "refused.ndjson");
  writeFileSync(csv, `name,weight\n${refused.map(({ name, weight }) => `"${name}",${weight}`).join("\n")}`);
  writeFileSync(ndjson, refused.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const inline = defineJob({
    name: "inline",
    source: rows(refused, { columns }),
    transform: (row) => row,
    sink: upsert,
  });
  return [inline, fileJob("csv", csv, upsert), fileJob("ndjson", ndjson, upsert)];
}

async function keysOf({ run }: RunReport): Promise<unknown> {
  return database.query("select key, reason from tidefill.reject where run_id = $1 order by key", [run]);
}

test("rejects of rows outside the database are not differences, and can be retried separately", async () => {
  const bad = refused.filter(({ weight }) => weight < 0).length;
  for (const job of jobsOfRefused()) {
    await database.query("delete from types; alter table types add constraint positive check (weight >= 0)");
    const first = await runJob(job, options());
    expect(first).toMatchObject({ status: "succeeded", rows: { rejected: bad, written: 1_000 - bad } });
    await database.query("update types set weight = 5000 where weight = 1");
    expect(await verifyRun(job, options())).toMatchObject({ rows: { read: 1_000, conflicted: 1 } });
    const keys = await keysOf(first);
    const again = await retryRejects(job, String(first.run), options());
    expect(again).toMatchObject({ status: "succeeded", rows: { read: bad, rejected: bad, written: 0 } });
    expect(await keysOf(again), "the same rows").toEqual(keys);
    await database.query("alter table types drop constraint positive");
    const last = await retryRejects(job, String(again.run), options());
    expect(last).toMatchObject({ status: "succeeded", rows: { read: bad, rejected: 0, written: bad } });
    const right = refused.map(({ name, weight }) => ({ name, weight: weight === 1 ? 5_000 : weight }));
    const found = await database.query("select name, weight from types order by abs(weight), weight desc");
    expect(found.toSorted(byName)).toEqual(right.toSorted(byName));
  }
});

function byName(left: object, right: object): number {
  return String((left as { name: string }).name).localeCompare(String((right as { name: string }).name));
}

test("rejects of a file that has changed since are not retried by their places in it", async () => {
  const [, csv] = jobsOfRefused();
  await database.query("alter table types add constraint positive check (weight >= 0)");
  const first = await runJob(csv!, options());
  writeFileSync(join(folder, "refused.csv"), csvOf(1_000));
  await expect(retryRejects(csv!, String(first.run), options())).rejects.toMatchObject({
    check: "rejects-can-be-retried",
  });
  expect(await database.query("select count(*)::integer from tidefill.retry")).toEqual([{ count: 0 }]);
});
