import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { until } from "../support/until.ts";
import { fillCounters, requireCountedOnce } from "./programs/counters.ts";
import { isLong, Random } from "./programs/random.ts";
import { RunnerProcess } from "./programs/runner-process.ts";

const database = useDatabase();
const rows = 3_000;

/**
 * Swallows every fifth row's update, locks one row by another session, and makes one exceed the statement
 * timeout.
 */
async function makeTrouble(): Promise<{ readonly end: () => Promise<void> }> {
  await database.query(`
    create or replace function trouble() returns trigger language plpgsql as
      'begin if new.id % 35 = 0 then return null; end if; if new.id = 7 * 1001 then perform pg_sleep(12); end if; return new; end';
    create trigger trouble before update on counters for each row execute function trouble()`);
  const holder = await database.pool.connect();
  await holder.query("begin; update counters set n = n where id = 7 * 2002");
  return {
    end: async () => {
      await holder.query("rollback");
      holder.release();
      await database.query("drop trigger trouble on counters");
    },
  };
}

async function counts(): Promise<Record<string, unknown>> {
  const [row] = await database.query(`
    select min(n)::integer as least, max(n)::integer as most,
      (select count(*)::integer from counters where n = 0) as left,
      (select count(*)::integer from tidefill.reject where sqlstate = '09000') as swallowed
    from counters where id % 35 <> 0 and id not in (7 * 1001, 7 * 2002)`);
  return row!;
}

test.for(isLong ? (["count-rows", "count-by-sql"] as const) : (["count-by-sql"] as const))(
  "%s: killed processes do the other rows once while rows are swallowed, locked and slow, and do these once they can",
  { timeout: isLong ? 1_200_000 : 400_000 },
  async (job) => {
    await fillCounters(database, rows);
    const trouble = await makeTrouble();
    const random = new Random(`put aside ${job}`);
    const start = (): RunnerProcess =>
      new RunnerProcess({ url: database.url, job, workers: 2, rejectLimit: 10 });
    for (let kills = 0; kills < (isLong ? 40 : 6); kills += 1) {
      const runner = start();
      await until(async () => runner.all("batch committed").length > 0 || !runner.isRunning, {
        describe: "a batch",
        timeoutMs: 60_000,
      });
      await delay(random.between(0, 2_000));
      runner.signal("SIGKILL");
      await runner.ended;
    }
    const stopped = start();
    await stopped.ended;
    expect(stopped.all("report").at(-1)).toMatchObject({ status: "failed", stopReason: "swallowed" });
    expect(await counts()).toEqual({ least: 1, most: 1, left: 602, swallowed: 600 });
    await trouble.end();
    const last = start();
    await last.ended;
    expect(last.trouble).toBe(null);
    await requireCountedOnce(database, rows);
    expect(await database.query("select from tidefill.reject")).toEqual([]);
  },
);
