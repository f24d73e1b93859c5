import type { DeadItem, Item } from "./item.ts";
import type { QueueDb } from "./queue.ts";
import { queueSchema, queues } from "./queue-tables.ts";

/** An item as the queue holds it. */
export interface QueuedItem {
  readonly id: string;
  readonly state: "waiting" | "running" | "dead";
  readonly item: DeadItem;
  /** the machine that works on it, with the number of the process; null while it waits */
  readonly place: string | null;
  /** how often it was begun before */
  readonly attempts: number;
  /** ISO dates: since when it waits, is worked on, or is dead; and before when it is not taken */
  readonly since: string;
  readonly startAfter: string | null;
  /** what the last attempt said */
  readonly words: string | null;
}

/** A job that goes over its targets in waves. */
export interface RolloutState {
  readonly id: string;
  readonly job: string;
  readonly state: "running" | "stopped" | "succeeded" | "replaced";
  /** from 0 */
  readonly wave: number;
  readonly waves: number;
  readonly message: string | null;
  /** targets by their state: `waiting`, `queued`, `succeeded`, `failed`, `dropped` */
  readonly targets: Readonly<Record<string, number>>;
}

/** The items that wait, are worked on or are dead: running ones first, then in the order of the queue. */
export async function readItems(db: QueueDb, most = 1_000): Promise<readonly QueuedItem[]> {
  const { rows } = await db.executeSql(
    `select job.id, job.name, job.state::text as state, job.data, job.output, job.retry_count, job.created_on, job.started_on,
      case when job.start_after > pg_catalog.clock_timestamp() then job.start_after end as start_after,
      place.host || ', pid ' || place.pid as place
    from ${queueSchema}.job
    left join ${queueSchema}.tidefill_place as place on place.item = job.id
    where (job.name = $1 and job.state < 'completed') or (job.name = $2 and job.state < 'active')
    order by job.state = 'active' desc, job.name desc, job.priority desc, job.created_on, job.id
    limit $3`,
    [queues.run, queues.dead, most],
  );
  return rows.map(toItem);
}

// biome-ignore lint/suspicious/noExplicitAny: a row as the driver reads it
function toItem(row: any): QueuedItem {
  const isDead = row.name === queues.dead;
  const item = row.data as DeadItem;
  const isRunning = row.state === "active";
  return {
    id: row.id,
    state: isDead ? "dead" : isRunning ? "running" : "waiting",
    item,
    place: isRunning ? row.place : null,
    attempts: row.retry_count,
    since: new Date(isRunning ? row.started_on : row.created_on).toISOString(),
    startAfter: row.start_after === null ? null : new Date(row.start_after).toISOString(),
    words: item.failure?.words ?? wordsOf(row.output) ?? item.refused?.why ?? null,
  };
}

/** What a worker said of its attempt, or what pg-boss says of a worker that has vanished. */
function wordsOf(output: unknown): string | null {
  if (typeof output !== "object" || output === null) return null;
  const { words, message, value } = output as Readonly<Record<string, unknown>>;
  const said = words ?? message ?? (value as { message?: unknown } | undefined)?.message;
  return typeof said === "string" ? said : null;
}

/** The newest waves of each job. */
export async function readRollouts(db: QueueDb): Promise<readonly RolloutState[]> {
  const { rows } = await db.executeSql(
    `select distinct on (rollout.job) rollout.id, rollout.job, rollout.state, rollout.wave, rollout.waves, rollout.message,
      (select pg_catalog.jsonb_object_agg(each.state, each.targets)
        from (
          select state, pg_catalog.count(*) as targets
          from ${queueSchema}.tidefill_rollout_target
          where rollout = rollout.id
          group by state) as each) as targets
    from ${queueSchema}.tidefill_rollout as rollout
    order by rollout.job, rollout.created_at desc`,
  );
  return rows.map((row) => ({ ...row, targets: row.targets ?? {} }));
}

/** How many items wait, are worked on and are dead, and for how many seconds the oldest could have begun. */
export interface QueueDepth {
  readonly waiting: number;
  /** waits for its time, for another attempt, or for a worker with its files */
  readonly deferred: number;
  readonly running: number;
  readonly dead: number;
  readonly oldestSeconds: number;
}

export async function readDepth(db: QueueDb): Promise<QueueDepth> {
  const { rows } = await db.executeSql(
    `select
      pg_catalog.count(*) filter (where is_run and state < 'active' and start_after <= now)::integer as waiting,
      pg_catalog.count(*) filter (where is_run and state < 'active' and start_after > now)::integer as deferred,
      pg_catalog.count(*) filter (where is_run and state = 'active')::integer as running,
      pg_catalog.count(*) filter (where not is_run)::integer as dead,
      coalesce(pg_catalog.max(pg_catalog.date_part('epoch', now - start_after))
        filter (where is_run and state < 'active' and start_after <= now), 0) as "oldestSeconds"
    from (
      select name = $1 as is_run, state, start_after, pg_catalog.clock_timestamp() as now
      from ${queueSchema}.job
      where (name = $1 and state < 'completed') or (name = $2 and state < 'active')) as job`,
    [queues.run, queues.dead],
  );
  return rows[0] as QueueDepth;
}

/** The items of waves that wait in the queue: none has begun, and none can begin before `db` commits. */
export async function waitingItemsOf(
  db: QueueDb,
  rollout: string,
): Promise<readonly { id: string; item: Item }[]> {
  const { rows } = await db.executeSql(
    `select id, data as item
    from ${queueSchema}.job
    where name = $1
      and state < 'active'
      and data ->> 'rollout' = $2
    for update skip locked`,
    [queues.run, rollout],
  );
  return rows as { id: string; item: Item }[];
}
