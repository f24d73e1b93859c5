import { cpus } from "node:os";
import { sql } from "../../postgres/sql/sql.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";
import { against } from "../amount.ts";
import { isOnThisMachine } from "../on-this-machine.ts";
import { monitorRight, requireMonitorIn } from "../require-monitor.ts";
import { easyUtilization, type Reading, type Signal, utilizationOf } from "../signal.ts";

/** Of all processors together, where there are many: from half of it, a run gives way. */
const maxBusy = 0.7;
/** With fewer processors, every other process feels each worker, however idle the machine is on average. */
const enoughProcessors = 8;
/**
 * With few processors a run begins to rest where this share of them is busy. It must be near 1, since one
 * worker and its session are busy all the time.
 */
const crowded = 0.9;
/** A busy machine never stops a run. */
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
    // Before the first batch one look is enough: a run must not begin with all its workers beside an application.
    const isFirst = before === null && this.#looks > 0;
    if (!isFirst && performance.now() - this.#metAt > lingersMs) return null;
    const busy =
      before === null || now.all === before.all ? 0 : (now.busy - before.busy) / (now.all - before.all);
    return cpus().length < enoughProcessors ? besideFew(busy) : besideMany(busy);
  }
}

/**
 * One worker without rests: a scheduler favours a process that has just woken, so an application feels each end of
 * a rest, and hardly feels a process that is always at work.
 */
function besideFew(busy: number): Reading {
  const room = (busy - crowded) / (1 - crowded);
  const same = `an application is at work on ${countOf(cpus().length)}`;
  return {
    signal: "processor",
    utilization: room <= 0 ? easyUtilization : Math.min(mostUtilization, easyUtilization * (1 + room)),
    reason: room <= 0 ? same : `${same}, ${percent(busy)} busy`,
    onlyRestsHelp: true,
    oneWorker: true,
  };
}

function besideMany(busy: number): Reading {
  return {
    signal: "processor",
    utilization: Math.min(mostUtilization, utilizationOf(busy, maxBusy)),
    reason: `processors ${against(busy, maxBusy, percent)} busy while an application is at work`,
    onlyRestsHelp: true,
  };
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
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
