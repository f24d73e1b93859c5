import fc from "fast-check";
import {
  type ColumnType,
  defineJob,
  defineSqlJob,
  type EventListener,
  type Job,
  type RunReport,
  reject,
  resumeRun,
  rowsOf,
  skip,
  sql,
  table,
  update,
} from "tidefill";
import { beforeAll, expect, test } from "vitest";
import { isLong } from "../../crash/programs/random.ts";
import { useDatabase } from "../../support/database.ts";
import { planSmallRanges, startWithoutRanges } from "./small-batches.ts";

const database = useDatabase();
const patienceMs = isLong ? 600_000 : 90_000;

/** A kind of key: the column, and an expression over `g`, a number that differs from row to row. */
interface KeyKind {
  readonly ddl: string;
  readonly declared: ColumnType;
  readonly from: string;
}

const keyKinds: Readonly<Record<string, KeyKind>> = {
  bigint: { ddl: "bigint", declared: "bigint", from: "g::bigint * 90071992547409 - 4503599627370496" },
  numeric: {
    ddl: "numeric",
    declared: "numeric",
    from: "case when g % 50 = 7 then 'NaN'::numeric - 0 * g else g::numeric / 7 end",
  },
  icu: {
    ddl: 'text collate "und-x-icu"',
    declared: "text",
    from: "chr(97 + g % 20) || case g % 3 when 0 then '-' else ' ' end || upper(to_hex(g))",
  },
  uuid: { ddl: "uuid", declared: "uuid", from: "md5(g::text)::uuid" },
  timestamptz: {
    ddl: "timestamptz",
    declared: "timestamptz",
    from: "timestamptz '1999-12-31 23:59:59.9999+00' + g * interval '1 microsecond'",
  },
};

type Fate = "written" | "skipped" | "rejected" | "refused";

interface Interruption {
  readonly afterBatches: number;
  readonly workers: number;
  /** how many processes work at once */
  readonly processes: 1 | 2;
}

const histories = fc.record({
  key: fc.constantFrom(...Object.keys(keyKinds)),
  kind: fc.constantFrom("row job" as const, "async row job" as const, "sql job" as const),
  /** gaps between the rows, and the fate of each row */
  rows: fc.array(
    fc.record({
      gap: fc.integer({ min: 1, max: 200 }),
      fate: fc.constantFrom<Fate>(...(Array(17).fill("written") as Fate[]), "skipped", "rejected", "refused"),
    }),
    { maxLength: 400, size: "max" },
  ),
  rangeRows: fc.integer({ min: 1, max: 60 }),
  interruptions: fc.array(
    fc.record<Interruption>({
      afterBatches: fc.integer({ min: 0, max: 9 }),
      workers: fc.integer({ min: 1, max: 4 }),
      processes: fc.constantFrom(1, 2),
    }),
    { maxLength: 4 },
  ),
  workers: fc.integer({ min: 1, max: 4 }),
});

beforeAll(async () => {
  await database.query(`
    create function refuse() returns trigger language plpgsql as $$
    begin
      if new.fate = 'refused' then raise exception 'no, not % either', new.k; end if;
      return new;
    end $$`);
});

async function create(
  { ddl, from }: KeyKind,
  rows: readonly { readonly gap: number; readonly fate: Fate }[],
): Promise<void> {
  await database.query(`
    drop table if exists counted;
    create table counted (k ${ddl} primary key, n integer not null default 0, fate text not null)`);
  await database.query(
    `insert into counted (k, fate)
    select distinct on (1) ${from}, fate
    from (
      select sum(gap) over (order by place) as gaps, fate
      from rows from (unnest($1::integer[]), unnest($2::text[])) with ordinality as given(gap, fate, place)
    ) as numbered, lateral (select gaps::integer as g) as named
    order by 1`,
    [rows.map((row) => row.gap), rows.map((row) => row.fate)],
  );
  await database.query(
    "create trigger refuses before update on counted for each row execute function refuse()",
  );
}

function jobOver({ declared }: KeyKind, kind: "row job" | "async row job" | "sql job"): Job {
  const counted = table("counted", { key: "k", columns: { k: declared, n: "integer", fate: "text" } });
  if (kind === "sql job") {
    const source = rowsOf(counted, { where: sql`fate in ('written', 'refused')` });
    return defineSqlJob({
      name: "count",
      source,
      sink: update(counted, { n: sql`n + 1` }),
      rejectLimit: 1_000,
    });
  }
  const answer = (row: { readonly n: number; readonly fate: string }) => {
    if (row.fate === "skipped") return skip();
    return row.fate === "rejected" ? reject("as it was told") : { n: row.n + 1 };
  };
  return defineJob({
    name: "count",
    source: rowsOf(counted),
    transform: kind === "row job" ? answer : async (row) => answer(row),
    sink: update(counted, ["n"]),
    rejectLimit: 1_000,
  });
}

/** Lets processes work on the run until so many batches are committed; returns the state of the run. */
async function workUntil(
  job: Job,
  run: string,
  { afterBatches, workers, processes }: Interruption,
): Promise<RunReport> {
  const controller = new AbortController();
  let batches = 0;
  const onEvent: EventListener = (event) => {
    if (event.type === "batch committed") batches += 1;
    if (batches >= afterBatches) controller.abort();
  };
  const options = { connectionString: database.url, workers, onEvent, signal: controller.signal };
  const reports = await Promise.all(
    Array.from({ length: processes }, () => resumeRun(job, run, options).catch(finishedMeanwhile)),
  );
  const [ended] = reports.filter((report) => report?.status === "succeeded");
  return ended ?? reports[0]!;
}

// A process that joins after the run has finished gets this error.
function finishedMeanwhile(error: Error): undefined {
  if (!/is succeeded; there is nothing to resume/.test(error.message)) throw error;
}

async function rangesTile(run: number): Promise<unknown> {
  const [row] = await database.query(
    `with chain as (
      select *, lag(through_key) over numbered as previous, row_number() over numbered as position, count(*) over () as ranges
      from tidefill.range where run_id = $1
      window numbered as (order by number)
    )
    select bool_and(status = 'done' and checkpoint is not distinct from through_key
      and after_key is not distinct from previous and (through_key is null) = (position = ranges)) as tile
    from chain`,
    [run],
  );
  return row?.tile;
}

test(
  "however a run is interrupted, each row is done once and the counts are true",
  async () => {
    await fc.assert(
      fc.asyncProperty(histories, async ({ key, kind, rows, rangeRows, interruptions, workers }) => {
        const keyKind = keyKinds[key]!;
        await create(keyKind, rows);
        const job = jobOver(keyKind, kind);
        const started = await startWithoutRanges(database, job);
        await planSmallRanges(database, started.run, { name: "counted", key: ["k"] }, rangeRows);

        let report = started;
        const never: Interruption = { afterBatches: Number.POSITIVE_INFINITY, workers, processes: 1 };
        for (const interruption of [...interruptions, never]) {
          if (report.status === "succeeded") break;
          report = await workUntil(job, String(started.run), interruption);
        }

        expect(report).toMatchObject({ status: "succeeded", stopReason: "finished" });
        expect(await rangesTile(started.run)).toBe(true);
        const wrong = await database.query(
          "select * from counted where n <> (case fate when 'written' then 1 else 0 end)",
        );
        expect(wrong).toEqual([]);

        const fates = kind === "sql job" ? ["refused"] : ["refused", "rejected"];
        const poison = await database.query(
          "select k::text from counted where fate = any ($1) order by k::text",
          [fates],
        );
        const kept = await database.query(
          `select key[1] as k from tidefill.reject where run_id = $1 order by key[1]`,
          [started.run],
        );
        expect(kept).toEqual(poison);

        const [counts] = await database.query(
          "select count(*) filter (where fate = 'written')::integer as written, count(*) filter (where fate = 'skipped')::integer as skipped, count(*)::integer as read from counted where fate in ('written', 'refused') or $1",
          [kind !== "sql job"],
        );
        expect(report.rows).toMatchObject({ ...counts, rejected: poison.length, unchanged: 0 });
        expect(report.rows.read).toBe(report.rows.written + report.rows.skipped + report.rows.rejected);
      }),
      // Shrinking a counterexample is limited to the patience of a developer.
      { numRuns: isLong ? 200 : 25, interruptAfterTimeLimit: patienceMs },
    );
  },
  2 * patienceMs,
);
