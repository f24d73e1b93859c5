import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { requestStop } from "../../src/engine/control/request-stop.ts";
import { withSession } from "../../src/store/session.ts";
import { useDatabase } from "../support/database.ts";
import { until } from "../support/until.ts";
import byRow from "./jobs/count-rows.ts";
import { fillCounters, requireCountedOnce } from "./programs/counters.ts";
import { advanceStatement, batchCommit, Following, Proxied } from "./programs/proxied.ts";
import { isLong, Random } from "./programs/random.ts";
import { RunnerProcess } from "./programs/runner-process.ts";
import { setDelay, Work } from "./programs/work.ts";

const database = useDatabase();
const proxied = new Proxied(database);

// The transform works on a batch's rows, which the batch has just read, and the server is idle.
const isAtWork = `select from pg_stat_activity
  where datname = current_database() and application_name like 'tidefill%'
  and state = 'idle in transaction' and query ~ 'counters.*xmin'`;

/** The leased ranges, each with its worker and token. */
async function leases(): Promise<Record<string, unknown>[]> {
  return database.query(
    "select number, worker, token from tidefill.range where status = 'leased' order by number",
  );
}

/** Waits until another worker holds the range of this lease. */
async function untilTakenOver({ number, token }: Record<string, unknown>): Promise<void> {
  const isTaken = "select from tidefill.range where number = $1 and token is distinct from $2";
  await until(async () => (await database.query(isTaken, [number, token])).length === 1, {
    describe: `range ${number} is taken over`,
    everyMs: 5,
  });
}

/** Waits until the server has done what a stopped process sent it last: that may be the end of its range. */
async function untilServed(): Promise<void> {
  const busy = `select wait_event_type, wait_event, query_start, query from pg_stat_activity
    where datname = current_database() and application_name like 'tidefill%' and state = 'active'`;
  let seen: readonly object[] = [];
  const isServed = async () => {
    seen = await database.query(busy);
    return seen.length === 0;
  };
  // Its sessions may wait for each other's locks, each until the server ends the one before.
  await until(isServed, { describe: "a server at rest", timeoutMs: 150_000 }).catch((cause: unknown) => {
    throw new Error(`The server is still at work: ${JSON.stringify(seen)}`, { cause });
  });
}

/** Waits until no process of the run has given a heartbeat for the time of a lease. */
async function untilAlone(): Promise<void> {
  const alive = `select from tidefill.worker
    where heartbeat_at + lease_ms * interval '1 ms' > clock_timestamp()`;
  await until(async () => (await database.query(alive)).length === 0, { describe: "nobody at work" });
}

test("a runner stopped for longer than its lease finds itself fenced when it wakes", {
  tags: ["promise"],
}, async () => {
  const random = new Random("stopped runners");
  for (let fenced = 0; fenced < (isLong ? 30 : 3); ) {
    await fillCounters(database, 2_500);
    const zombie = new RunnerProcess({ url: database.url, workers: 1 }, 20);
    await zombie.tells("batch committed", random.between(1, 3));
    // Some of these moments lie within a batch that holds row locks, some between two batches.
    await delay(random.between(0, 300));
    zombie.signal("SIGSTOP");
    await untilServed();
    const [lease] = await leases();
    const heir = new RunnerProcess({ url: database.url, workers: 2 }, 0);
    if (lease !== undefined) await untilTakenOver(lease);
    zombie.signal("SIGCONT");
    if (lease !== undefined) expect(await zombie.tells("lease lost")).toMatchObject({ range: lease.number });
    expect([await heir.ended, heir.trouble, await zombie.ended, zombie.trouble]).toEqual([
      { code: 0, signal: null },
      null,
      { code: 0, signal: null },
      null,
    ]);
    await requireCountedOnce(database, 2_500);
    // Stopped between two ranges it had none to lose: another round.
    if (lease !== undefined) fenced += 1;
  }
});

test("a runner that sleeps in the middle of a batch does not block the run for ever", async () => {
  await fillCounters(database, 2_500);
  const zombie = new RunnerProcess({ url: database.url, workers: 1 }, 150);
  await zombie.tells("batch committed");
  await until(async () => (await database.query(isAtWork)).length === 1, {
    describe: "a batch at work",
    everyMs: 1,
  });
  zombie.signal("SIGSTOP");
  const heir = new RunnerProcess({ url: database.url, workers: 2 }, 0);
  expect([await heir.ended, heir.trouble]).toEqual([{ code: 0, signal: null }, null]);
  await requireCountedOnce(database, 2_500);
  zombie.signal("SIGCONT");
  expect([await zombie.ended, zombie.trouble]).toEqual([{ code: 0, signal: null }, null]);
  expect(zombie.all("lease lost")).toHaveLength(1);
  await requireCountedOnce(database, 2_500);
});

test("a process that freezes while it holds the run's row makes resume and pause wait, not fail", async () => {
  await fillCounters(database, 2_500);
  setDelay(5);
  const frozen = new Work(byRow, { connectionString: proxied.url, workers: 1 });
  await frozen.saw("batch committed");
  const afterTheLock = new Following(/for no key update$/, /^commit$/);
  await proxied.strike(frozen, { match: afterTheLock, action: "blackhole" });
  const connection = { connectionString: database.url };
  const heir = new Work(byRow, { ...connection, workers: 1 }, { isResumed: true });
  const paused = withSession("pause", connection, 1, (session) => requestStop(session, byRow.name, "paused"));
  expect(await paused).toMatchObject({ job: byRow.name });
  // Which of the two gets the row first is open, and the frozen process counts as at work until its lease ends.
  expect(["paused", "succeeded", "running"]).toContain((await heir.report).status);
});

test("a batch that begins leases too late, on rows that another worker has done, is fenced", async () => {
  await fillCounters(database, 1_000);
  setDelay(20);
  const zombie = new Work(byRow, { connectionString: proxied.url, workers: 1 });
  await zombie.saw("batch committed");
  const [lease] = await leases();
  // Nothing from this process reaches the server in time: neither its next batch nor the renewals of its
  // lease.
  proxied.proxy.arm({ match: /^begin/, times: 6, action: { hold: 4_000 } });
  // The next worker is still working in the range when they arrive: only the token tells whose it is.
  setDelay(100);
  const heir = new Work(byRow, { connectionString: database.url, workers: 2 }, { isResumed: true });
  await untilTakenOver(lease!);
  expect(String((await zombie.saw("lease lost")).range)).toBe(lease?.number);
  setDelay(0);
  expect(await heir.report).toMatchObject({ status: "succeeded" });
  expect(await zombie.report).toMatchObject({ status: "succeeded", rows: { written: 1_000 } });
  await requireCountedOnce(database, 1_000);
});

test("the server ends a batch whose checkpoint is delayed on its way, and the batch is done again", async () => {
  await fillCounters(database, 2_500);
  setDelay(5);
  const work = new Work(byRow, { connectionString: proxied.url, workers: 1 });
  await work.saw("batch committed");
  await proxied.strike(work, { match: advanceStatement, action: { hold: 2_500 } });
  expect(await work.report).toMatchObject({ status: "succeeded", rows: { written: 2_500 } });
  expect(work.all("batch failed")).toMatchObject([{ sqlstate: "57014" }]);
  await requireCountedOnce(database, 2_500);
});

test("a COMMIT delivered two leases late keeps other workers off its range until then, and counts", async () => {
  await fillCounters(database, 2_500);
  setDelay(5);
  const late = new Work(byRow, { connectionString: proxied.url, workers: 1 });
  await late.saw("batch committed");
  const heir = new Work(byRow, { connectionString: database.url, workers: 2 }, { isResumed: true });
  await proxied.strike(late, { match: batchCommit(), action: { hold: 5_000 } });
  const number = String(late.all("range leased").at(-1)?.range);
  const held = async () => (await leases()).filter((lease) => lease.number === number);
  const before = await held();
  expect(before).toHaveLength(1);
  // Its lease ran out a second ago; only the batch's lock on its range still holds.
  await delay(2_000);
  expect(await held()).toEqual(before);
  expect(await heir.report).toMatchObject({ status: "succeeded" });
  expect(await late.report).toMatchObject({ status: "succeeded", rows: { written: 2_500 } });
  await requireCountedOnce(database, 2_500);
});

test("a batch that begins after its run was cancelled meanwhile writes nothing", async () => {
  await fillCounters(database, 1_000);
  setDelay(20);
  const zombie = new Work(byRow, { connectionString: proxied.url, workers: 1 });
  await zombie.saw("batch committed");
  // Nothing from this process reaches the server for longer than its lease: neither batch nor heartbeat.
  proxied.proxy.arm({ match: /^begin/, times: 6, action: { hold: 4_000 } });
  await untilAlone();
  await database.query("update tidefill.run set wanted = 'cancelled'");
  // No worker has taken its range over: only the status of its run refuses its batch.
  const next = new Work(byRow, { connectionString: database.url, workers: 1 });
  // On a busy machine its heartbeat may learn of the end before its batch begins.
  await Promise.race([zombie.saw("lease lost").catch(() => {}), zombie.report]);
  setDelay(0);
  expect(await next.report).toMatchObject({ status: "succeeded", rows: { written: 1_000 } });
  expect(await zombie.report).toMatchObject({ status: "cancelled" });
  const counted = "select sum(rows_written)::integer as rows from tidefill.range where run_id = 1";
  const twice = "select count(*)::integer as rows from counters where n = 2";
  expect(await database.query(twice)).toEqual(await database.query(counted));
});
