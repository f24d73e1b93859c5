import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { type RunReport, runJob } from "tidefill";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { MockApi } from "../support/mock-api.ts";
import { answerNotes, fillNotes, staleAnswers } from "./notes.ts";

const database = useDatabase();
let api: MockApi;
const connection = () => ({ connectionString: database.url });

beforeAll(async () => {
  api = await MockApi.open();
});
beforeEach(() => {
  api.forget();
  api.reply = () => ({ afterMs: 100 });
});
afterAll(() => api.close());

/** Repeats `statement` about `perSecond` times a second while the work lasts. Returns how often, too. */
async function beside<T>(work: Promise<T>, perSecond: number, statement: () => string): Promise<[T, number]> {
  const client = new pg.Client({ connectionString: database.url, application_name: "application" });
  await client.connect();
  let isOver = false;
  let writes = 0;
  const writer = (async () => {
    for (const begin = performance.now(); !isOver; ) {
      await client.query(statement());
      writes += 1;
      await delay(Math.max(0, begin + (writes * 1_000) / perSecond - performance.now()));
    }
  })();
  try {
    return [await work, writes];
  } finally {
    isOver = true;
    await writer;
    await client.end();
  }
}

const anyOf = (rows: number): number => 1 + Math.floor(Math.random() * rows);

test("no stale answer is ever written while an application changes what was asked about, 200 times a second", {
  tags: ["promise"],
}, async () => {
  await fillNotes(database, 600);
  // Notes each answer that was written beside a text that it was not made from, even if it is gone by now.
  await database.query(`
    create table stale (id bigint, answer text, text text);
    create function note_stale() returns trigger language plpgsql as $$ begin
      if new.answer is distinct from old.answer and new.answer <> 're: ' || new.text then
        insert into stale values (new.id, new.answer, new.text);
      end if;
      return new;
    end $$;
    create trigger note_stale after update on notes for each row execute function note_stale();`);
  const run = runJob(answerNotes(api.url, { atOnce: 32 }), connection());
  const [report, writes] = await beside<RunReport>(
    run,
    200,
    () =>
      `update notes set text = 'edit ' || random(), answer = null where id = ${anyOf(600)} and answer is null`,
  );
  expect(report).toMatchObject({ status: "succeeded", rows: { conflicted: 0 } });
  expect(report.rows.written + report.rows.rejected).toBe(600);
  expect(writes).toBeGreaterThan(50);
  expect(await database.query("select * from stale")).toEqual([]);
  expect(await staleAnswers(database)).toBe(0);
  expect(api.calls.length).toBeGreaterThan(600);
});

test("no call is repeated because an application changes other columns of the same rows", async () => {
  await fillNotes(database, 400);
  const run = runJob(answerNotes(api.url, { atOnce: 32 }), connection());
  const [report, writes] = await beside<RunReport>(
    run,
    200,
    () => `update notes set seen = seen + 1 where id between ${anyOf(400)} - 20 and ${anyOf(400)} + 20`,
  );
  expect(report).toMatchObject({ status: "succeeded", rows: { written: 400, rejected: 0 } });
  expect(writes).toBeGreaterThan(20);
  expect(api.calls).toHaveLength(400);
  expect(await staleAnswers(database)).toBe(0);
});

test("no transaction and no lock is held while another system thinks", { tags: ["promise"] }, async () => {
  await fillNotes(database, 40);
  const thinkMs = process.env.TIDEFILL_LONG === "1" ? 30_000 : 4_000;
  api.reply = () => ({ afterMs: thinkMs });
  const run = runJob(answerNotes(api.url, { atOnce: 40 }), connection());
  let isOver = false;
  let oldestMs = 0;
  let locks = 0;
  let looks = 0;
  const sample = (async () => {
    while (!isOver) {
      // Heartbeats and signals have short transactions of their own; none may outlast a batch.
      const [seen] = await database.query(`
        select coalesce(max(extract(epoch from clock_timestamp() - xact_start) * 1000), 0)::float8 as age,
          (select count(*)::integer from pg_locks l join pg_class c on c.oid = l.relation
            where c.relname = 'notes' and l.mode <> 'AccessShareLock') as locks
        from pg_stat_activity
        where datname = current_database() and application_name like 'tidefill%'`);
      if (api.underWay === 40) {
        looks += 1;
        oldestMs = Math.max(oldestMs, seen?.age as number);
        locks = Math.max(locks, seen?.locks as number);
      }
      await delay(20);
    }
  })();
  expect(await run).toMatchObject({ status: "succeeded", rows: { written: 40 } });
  isOver = true;
  await sample;
  expect(looks).toBeGreaterThan(20);
  expect(locks).toBe(0);
  // Far below the time that the other system thinks, on a slow machine, too.
  expect(oldestMs).toBeLessThan(thinkMs / 2);
});
