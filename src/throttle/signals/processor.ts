import { cpus } from "node:os";
import { sql } from "../../postgres/sql/sql.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";
import { against } from "../amount.ts";
import { isOnThisMachine } from "../on-this-machine.ts";
import { monitorRight, requireMonitorIn } from "../require-monitor.ts";
import { type Reading, type Signal, utilizationOf } from "../signal.ts";

const maxBusy = 0.7;
/** With fewer processors, one worker delays every other process, however idle the machine is on average. */
const enoughProcessors = 8;
/**
 * Lets a run of four workers work a tenth of the time, in stints of a quarter of a second. An application feels
 * each stint: with half of that time it would feel little less, and the run would take twice as long.
 */
const mostUtilization = 0.99;
/** An application with a pool: so many sessions of one name recently active, in so many looks in a row. */
const atWork = { sessions: 2, looks: 2 };
/** How recent that is: a pool mostly hands out the same few sessions, and other ones only now and then. */
const lately = "1 second";
/** An application that pauses between two requests still counts as at work for so long. */
const lingersMs = 5_000;

interface Times {
  readonly busy: number;
  readonly all: number;
}

/**
 * How busy the processors are, where the server runs on this machine and while an application uses it.
 * Without an application, a run may use all of them. Slows a run down, never stops it.
 */
export class Processor implements Signal {
  readonly name = "processor";
  readonly everyMs = 500;
  readonly onError = "ignore";
  #isHere = false;
  #last: Times | null = null;
  /** looks in a row that found an application */
  #looks = 0;
  #metAt = Number.NEGATIVE_INFINITY;

  async read(db: Queryable): Promise<Reading | null> {
    const now = times();
    const before = this.#last;
    this.#last = now;
    this.#isHere ||= await isOnThisMachine(db);
    if (!this.#isHere) return null;
    this.#looks = (await isApplicationAtWork(db)) ? this.#looks + 1 : 0;
    if (this.#looks >= atWork.looks) this.#metAt = performance.now();
    // Begin slowly beside an application: before the first batch, one look is enough.
    const isFirst = before === null && this.#looks > 0;
    if (!isFirst && performance.now() - this.#metAt > lingersMs) return null;
    const own = { signal: this.name, onlyRestsHelp: true } as const;
    const processors = cpus().length;
    if (processors < enoughProcessors || before === null || now.all === before.all)
      return {
        ...own,
        utilization: mostUtilization,
        reason: `an application is at work on ${countOf(processors)}`,
      };
    const busy = (now.busy - before.busy) / (now.all - before.all);
    const percent = (share: number): string => `${Math.round(share * 100)} %`;
    const reason = `processors ${against(busy, maxBusy, percent)} busy while an application is at work`;
    return { ...own, utilization: Math.min(mostUtilization, utilizationOf(busy, maxBusy)), reason };
  }
}

async function isApplicationAtWork(db: Queryable): Promise<boolean> {
  const { rows } = await db.query(sql`
    select exists (
      select
      from pg_catalog.pg_stat_activity
      where backend_type = 'client backend'
        and application_name not like 'tidefill%'
        and (state = 'active' or state_change > pg_catalog.clock_timestamp() - ${lately}::interval)
      group by datid, usesysid, application_name
      having pg_catalog.count(*) >= ${atWork.sessions}::integer
    ) as is_at_work, ${monitorRight}`);
  requireMonitorIn(rows[0], "whether an application is at work");
  return rows[0]?.is_at_work === "t";
}

function countOf(processors: number): string {
  return processors === 1 ? "the one processor" : `the same ${processors} processors`;
}

function times(): Times {
  const all = cpus().map((cpu) => Object.values(cpu.times).reduce((sum, time) => sum + time, 0));
  const idle = cpus().map((cpu) => cpu.times.idle);
  const total = all.reduce((sum, time) => sum + time, 0);
  return { all: total, busy: total - idle.reduce((sum, time) => sum + time, 0) };
}
