import type { PgBoss } from "pg-boss";
import { RefusedError } from "../../errors.ts";
import type { Item } from "../queue/item.ts";
import type { QueueDb } from "../queue/queue.ts";
import { queueSchema, queues } from "../queue/queue-tables.ts";
import { waitingItemsOf } from "../queue/read-queue.ts";
import { deleteItems, itemsOf, sendItems } from "../queue/send-items.ts";

const rollout = `${queueSchema}.tidefill_rollout`;
const rolloutTarget = `${queueSchema}.tidefill_rollout_target`;

/** A job that is to go over targets in waves. */
export interface NewRollout {
  readonly id: string;
  /** the item of each target; its own target and machine are filled in */
  readonly item: Item;
  readonly machines: number;
  readonly waves: readonly (readonly { readonly target: string; readonly group: string }[])[];
  /** how long to wait after each wave, in milliseconds */
  readonly soakMs: number;
  readonly startAfter?: Date | undefined;
}

type Boss = Pick<PgBoss, "insert" | "deleteJob">;

/** Records the waves and sends the items of the first; returns how many. @throws RefusedError while the job's are running */
export async function beginRollout(boss: Boss, tx: QueueDb, given: NewRollout): Promise<number> {
  const { id, item, machines, waves, soakMs, startAfter } = given;
  const job = item.job ?? item.action;
  await tx.executeSql(`update ${rollout} set state = 'replaced' where job = $1 and state = 'stopped'`, [job]);
  const { rows } = await tx.executeSql(
    `insert into ${rollout} (id, job, item, machines, waves, soak_ms, state)
    values ($1, $2, $3, $4, $5, $6, 'running')
    on conflict (job) where state = 'running' do nothing
    returning id`,
    [id, job, JSON.stringify(item), machines, waves.length, soakMs],
  );
  if (rows.length === 0)
    throw new RefusedError(
      "no-rollout-is-running",
      `${job} goes over its targets in waves already. Nothing was sent.`,
      `tidefill queue   shows how far they are. To give them up: tidefill queue drop ${job}`,
    );
  for (const [wave, targets] of waves.entries())
    await tx.executeSql(
      `insert into ${rolloutTarget} (rollout, target, target_group, wave, place)
      select $1, each.target, each.target_group, $2, each.place
      from rows from (pg_catalog.unnest($3::text[]), pg_catalog.unnest($4::text[])) with ordinality
        as each(target, target_group, place)`,
      [id, wave, targets.map(({ target }) => target), targets.map(({ group }) => group)],
    );
  return sendWave(boss, tx, id, startAfter);
}

/** Notes how a target ended. Targets that have ended well stay so: an item may be delivered twice. */
export async function noteTarget(
  tx: QueueDb,
  id: string,
  target: string,
  {
    state,
    words,
  }: { readonly state: "succeeded" | "failed" | "dropped" | "waiting"; readonly words: string },
): Promise<void> {
  await tx.executeSql(
    `update ${rolloutTarget}
    set state = $3,
      words = $4,
      ended_at = case when $3 = 'waiting' then null else pg_catalog.clock_timestamp() end
    where rollout = $1
      and target = $2
      and state <> 'succeeded'`,
    [id, target, state, words],
  );
}

/**
 * Begins the next wave when every target of the present one has succeeded or was dropped. A failure stops
 * the waves: items that wait are taken out of the queue, those that are worked on end.
 */
export async function advanceRollout(boss: Boss, tx: QueueDb, id: string): Promise<void> {
  const found = await tx.executeSql(
    `select state, soak_ms, wave, waves from ${rollout} where id = $1 for update`,
    [id],
  );
  const [row] = found.rows;
  if (row === undefined || (row.state !== "running" && row.state !== "stopped")) return;
  const { rows: targets } = await tx.executeSql(
    `select target, state, words from ${rolloutTarget} where rollout = $1 and wave = $2 order by target`,
    [id, row.wave],
  );
  const failed = targets.filter(({ state }) => state === "failed");
  if (failed.length > 0) return stopRollout(boss, tx, id, failed);
  if (row.state === "stopped") {
    await tx.executeSql(`update ${rollout} set state = 'running', message = null where id = $1`, [id]);
  }
  if (targets.some(({ state }) => state === "waiting" || state === "queued")) {
    await sendWave(boss, tx, id);
    return;
  }
  if (row.wave + 1 === row.waves) {
    await tx.executeSql(`update ${rollout} set state = 'succeeded' where id = $1`, [id]);
    return;
  }
  await tx.executeSql(`update ${rollout} set wave = wave + 1 where id = $1`, [id]);
  await sendWave(boss, tx, id, row.soak_ms / 1_000);
}

/**
 * Gives up the waves of a job: takes their items out of the queue, and leaves the rest of the targets as they
 * are. What workers are doing goes on. Returns the items; null where the job has no waves that could go on.
 */
export async function dropRollout(boss: Boss, tx: QueueDb, job: string): Promise<readonly Item[] | null> {
  const { rows: found } = await tx.executeSql(
    `update ${rollout}
    set state = 'replaced', message = 'dropped by an operator'
    where job = $1 and state in ('running', 'stopped')
    returning id`,
    [job],
  );
  const [row] = found;
  if (row === undefined) return null;
  const { rows } = await tx.executeSql(
    `select id, name, data as item
    from ${queueSchema}.job
    where data ->> 'rollout' = $1
      and ((name = $2 and state < 'active') or (name = $3 and state < 'active'))
    for update skip locked`,
    [row.id, queues.run, queues.dead],
  );
  for (const queue of [queues.run, queues.dead]) {
    const ids = rows.filter(({ name }) => name === queue).map(({ id }) => id as string);
    await deleteItems(boss, tx, queue, ids);
  }
  return rows.map(({ item }) => item as Item);
}

/** The state of waves; undefined where there are none. Locks them until `tx` ends. */
async function lockedState(tx: QueueDb, id: string): Promise<string | undefined> {
  const { rows } = await tx.executeSql(`select state from ${rollout} where id = $1 for update`, [id]);
  return rows[0]?.state;
}

/** Whether waves are running or stopped, so that they may go on. Locks them until `tx` ends. */
export async function isOpen(tx: QueueDb, id: string): Promise<boolean> {
  return ["running", "stopped"].includes((await lockedState(tx, id)) ?? "");
}

/** After an operator has stepped in, the files of the workers count for the rest of the waves. */
export async function forgetFiles(tx: QueueDb, id: string): Promise<void> {
  await tx.executeSql(`update ${rollout} set item = item || '{"code": null}' where id = $1`, [id]);
}

/** Finds dead letters that the queue made by itself, because their workers vanished too often. */
async function noteGivenUp(boss: Boss, tx: QueueDb): Promise<void> {
  const { rows } = await tx.executeSql(
    `select job.data ->> 'rollout' as id, job.data ->> 'target' as target
    from ${queueSchema}.job
    join ${rolloutTarget} as target
      on target.rollout::text = job.data ->> 'rollout' and target.target = job.data ->> 'target'
    where job.name = $1
      and job.state < 'active'
      and target.state = 'queued'`,
    [queues.dead],
  );
  for (const { id, target } of rows) {
    // Waves are always locked before their targets.
    await mayBegin(tx, id);
    await noteTarget(tx, id, target, { state: "failed", words: "it was tried too often" });
    await advanceRollout(boss, tx, id);
  }
}

async function stopRollout(
  boss: Boss,
  tx: QueueDb,
  id: string,
  failed: readonly { readonly target: string; readonly words: string }[],
): Promise<void> {
  const waiting = await waitingItemsOf(tx, id);
  await deleteItems(
    boss,
    tx,
    queues.run,
    waiting.map((each) => each.id),
  );
  await tx.executeSql(
    `update ${rolloutTarget} set state = 'waiting' where rollout = $1 and state = 'queued' and target = any($2::text[])`,
    [id, waiting.map(({ item }) => item.target)],
  );
  const few = failed.slice(0, 5).map(({ target, words }) => `${target} (${words})`);
  const rest = failed.length - few.length;
  const message = `${few.join("; ")}${rest > 0 ? ` and ${rest} more` : ""}`;
  await tx.executeSql(`update ${rollout} set state = 'stopped', message = $2 where id = $1`, [id, message]);
}

/**
 * Sends the items of the present wave that were not sent yet; returns how many. A target for which another
 * item of the job is in the queue waits until that one is done: the worker that looks after the queue tries
 * again.
 */
async function sendWave(boss: Boss, tx: QueueDb, id: string, startAfter?: Date | number): Promise<number> {
  const { rows } = await tx.executeSql(
    `select target.target, target.target_group as "group", rollout.item, rollout.machines
    from ${rolloutTarget} as target
    join ${rollout} as rollout on rollout.id = target.rollout
    where rollout.id = $1
      and rollout.state = 'running'
      and target.wave = rollout.wave
      and target.state = 'waiting'
    order by target.place
    for update of target`,
    [id],
  );
  const items = rows.flatMap(({ target, group, item, machines }) =>
    itemsOf({ ...item, target, rollout: id }, machines, { group, startAfter }),
  );
  const sent = await sendItems(boss, tx, items);
  const first = sent.filter(({ item }) => item.machine === 1).map(({ item }) => item.target);
  await tx.executeSql(
    `update ${rolloutTarget} set state = 'queued' where rollout = $1 and target = any($2::text[])`,
    [id, first],
  );
  return sent.length;
}

/** Whether items of these waves may begin; without waves they may. Locks the waves until `tx` ends. */
export async function mayBegin(tx: QueueDb, id: string | null): Promise<boolean> {
  return id === null || (await lockedState(tx, id)) === "running";
}

/** Looks after waves: sends what could not be sent before, and finds what the queue has given up. */
export async function tendRollouts(boss: Boss, tx: QueueDb): Promise<void> {
  await noteGivenUp(boss, tx);
  const { rows } = await tx.executeSql(
    `select distinct rollout.id
    from ${rollout} as rollout
    join ${rolloutTarget} as target on target.rollout = rollout.id and target.wave = rollout.wave
    where rollout.state = 'running'
      and target.state = 'waiting'`,
  );
  for (const { id } of rows) await advanceRollout(boss, tx, id);
}
