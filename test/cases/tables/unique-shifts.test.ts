import {
  defineJob,
  defineSqlJob,
  type EngineEvent,
  rowsOf,
  runJob,
  sql,
  table,
  undoRun,
  update,
} from "tidefill";
import { beforeEach, expect, test } from "vitest";
import { refusalOf } from "../../database/plan/refusals.ts";
import { useDatabase } from "../../support/database.ts";
import { emptyStore } from "../../support/empty-store.ts";
import { planOf } from "../plan-of.ts";

const database = useDatabase();

beforeEach(async () => {
  await database.query(`drop schema if exists shop cascade; ${emptyStore}; create schema shop`);
});

const rows = 600;
const items = table("shop.item", {
  key: "id",
  columns: { id: "bigint", position: "integer", slug: "text?" },
});
const down = defineSqlJob({
  name: "down",
  source: rowsOf(items),
  sink: update(items, { position: sql`position + 1` }),
});

/** A list of items whose positions rise or fall with their keys. */
async function listOf(position: string, constraint = "unique (list, position)"): Promise<void> {
  await database.query(`
    create table shop.item (id bigint primary key, list integer not null, position integer not null, slug text unique,
      constraint item_place ${constraint});
    insert into shop.item (id, list, position) select g, 1, ${position} from generate_series(1, ${rows}) g`);
}

async function positions(): Promise<string> {
  const [row] = await database.query(
    "select string_agg(position::text, ',' order by id) as all from shop.item",
  );
  return String(row?.all);
}

test.each([
  ["", "unique (list, position)"],
  [" that is deferrable", "unique (list, position) deferrable initially immediate"],
])(
  "a shift of positions under a unique constraint%s is refused by the constraint's name, with the way to do it (E3)",
  async (_, constraint) => {
    await listOf("g", constraint);
    const refusal = await refusalOf(database.url, down);
    expect(refusal).toMatchObject({
      check: "unique-is-not-shifted",
      message:
        "shop.item has the unique constraint item_place (list, position), and position = position + 1 gives rows the values that later rows still hold: PostgreSQL would refuse them, row by row.",
      remedy: expect.stringContaining(
        "Use two jobs, by way of values that no row holds: first position = -(position + 1), then position = -position where position < 0",
      ),
    });
    expect((await planOf(database, down)).refusals).toMatchObject([{ check: "unique-is-not-shifted" }]);
  },
);

test("the two jobs that the refusal suggests do the shift, with several workers (E3)", async () => {
  await listOf("g");
  const away = defineSqlJob({
    name: "away",
    source: rowsOf(items),
    sink: update(items, { position: sql`-(position + 1)` }),
  });
  const back = defineSqlJob({
    name: "back",
    source: rowsOf(items, { where: sql`position < 0` }),
    sink: update(items, { position: sql`-position` }),
  });
  for (const job of [away, back])
    expect(await runJob(job, { connectionString: database.url })).toMatchObject({
      status: "succeeded",
      rows: { written: rows, rejected: 0 },
    });
  expect(await positions()).toBe(Array.from({ length: rows }, (_, index) => index + 2).join(","));
});

test("an exclusion constraint over several rows is reported like a unique one (E3)", async () => {
  await listOf("g", "exclude using btree (position with =)");
  expect((await planOf(database, down)).refusals).toMatchObject([
    {
      check: "unique-is-not-shifted",
      message: expect.stringContaining("exclusion constraint item_place (position)"),
    },
  ]);
});

const harmless = [
  {
    what: "filling an empty unique column",
    job: defineSqlJob({
      name: "slugs",
      source: rowsOf(items),
      sink: update(items, { slug: sql`'item-' || id` }),
    }),
  },
  {
    what: "filling an empty unique column by a transform",
    job: defineJob({
      name: "slugs",
      source: rowsOf(items, { read: ["position"] }),
      transform: ({ position }) => ({ slug: `item-${position}` }),
      sink: update(items, ["slug"]),
    }),
  },
  {
    what: "lowercasing a unique value",
    job: defineSqlJob({
      name: "lower",
      source: rowsOf(items),
      sink: update(items, { slug: sql`lower(slug)` }),
    }),
  },
];

test.each(harmless)("$what is no shift (E3)", async ({ job }) => {
  await listOf("g");
  if (job.name === "lower") await database.query("update shop.item set slug = 'ITEM-' || id");
  expect(await planOf(database, job)).toMatchObject({ refusals: [], warnings: [] });
});

test("two rows that would end with the same value are a fault of the data, not a shift (E3)", async () => {
  await listOf("g");
  await database.query(
    "update shop.item set slug = case id when 1 then 'A' when 2 then 'a' end where id < 3",
  );
  const lower = defineSqlJob({
    name: "lower",
    source: rowsOf(items, { where: sql`slug is not null` }),
    sink: update(items, { slug: sql`lower(slug)` }),
  });
  expect(await runJob(lower, { connectionString: database.url })).toMatchObject({ rows: { rejected: 1 } });
});

test("a transform that reads and writes a column of a unique constraint is warned of the constraint by name (E3)", async () => {
  await listOf("g");
  const job = defineJob({
    name: "down",
    source: rowsOf(items, { read: ["position"] }),
    transform: ({ position }) => ({ position: position + 1 }),
    sink: update(items, ["position"]),
  });
  expect((await planOf(database, job)).warnings).toMatchObject([
    {
      check: "unique-is-not-shifted",
      message: expect.stringContaining("unique constraint item_place (list, position)"),
    },
  ]);
});

test("a shift that the key's order allows is done by one worker, as planned, and undone in one pass (E3)", async () => {
  await listOf(`${rows} - g`);
  const before = await positions();
  expect((await planOf(database, down)).warnings).toMatchObject([
    { check: "unique-is-not-shifted", remedy: "tidefill run down --workers 1" },
  ]);
  const options = {
    connectionString: database.url,
    workers: 1,
    inTest: { batchRows: 50, rangeRows: 200 },
  } as never;
  expect(await runJob(down, options)).toMatchObject({
    status: "succeeded",
    rows: { written: rows, rejected: 0 },
  });
  const events: EngineEvent[] = [];
  const undone = await undoRun("down", {
    ...(options as object),
    workers: 4,
    onEvent: (event) => events.push(event),
  });
  expect(undone).toMatchObject({
    status: "succeeded",
    rows: { written: rows, rejected: 0, conflicted: 0 },
    sweeps: 0,
  });
  expect(await positions()).toBe(before);
  expect(events.filter(({ type }) => type === "row rejected")).toEqual([]);
});

test("an interrupted undo of a shift goes on in the same order (E3)", async () => {
  await listOf(`${rows} - g`);
  const before = await positions();
  const options = {
    connectionString: database.url,
    workers: 1,
    inTest: { batchRows: 50, rangeRows: 200 },
  } as never;
  await runJob(down, options);
  const stop = new AbortController();
  let batches = 0;
  const interrupted = await undoRun("down", {
    ...(options as object),
    signal: stop.signal,
    onEvent: (event) => {
      if (event.type !== "batch committed") return;
      batches += 1;
      if (batches === 2) stop.abort();
    },
  });
  expect(interrupted.status).toBe("interrupted");
  const undone = await undoRun("down", options);
  expect(undone).toMatchObject({ status: "succeeded", rows: { written: rows, rejected: 0 }, sweeps: 0 });
  expect(await positions()).toBe(before);
});

test("a value that the application has taken meanwhile does not block the other rows (E3)", async () => {
  await listOf(`2 * (${rows} - g)`);
  const options = { connectionString: database.url, workers: 1 } as const;
  await runJob(down, options);
  // The last ten rows cannot get their old positions back.
  await database.query(
    `insert into shop.item (id, list, position) select ${rows} + g, 1, 2 * (g - 1) from generate_series(1, 10) g`,
  );
  const undone = await undoRun("down", options);
  expect(undone).toMatchObject({ status: "succeeded", rows: { written: rows - 10, rejected: 10 } });
  expect(undone.sweeps).toBeLessThanOrEqual(1);
});
