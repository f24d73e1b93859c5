import { UsageError } from "../../errors.ts";
import type { DeadItem, Item } from "../queue/item.ts";
import type { Queue, QueueDb } from "../queue/queue.ts";
import { queueSchema, queues } from "../queue/queue-tables.ts";
import { sendItems } from "../queue/send-items.ts";
import { advanceRollout, dropRollout, forgetFiles, noteTarget } from "../waves/rollouts.ts";

interface Found {
  readonly id: string;
  readonly item: DeadItem;
  readonly group: string;
}

/** Sends dead letters again; `all` as a name takes every one. Returns what was sent. @throws UsageError */
export async function retryDead(queue: Queue, name: string): Promise<readonly Item[]> {
  return queue.transaction(async (tx) => {
    const found = await findDead(tx, name);
    await queue.boss.deleteJob(
      queues.dead,
      found.map(({ id }) => id),
      { db: tx },
    );
    for (const { item, group } of found) {
      const { failure: _, refused: __, ...again } = item;
      // The operator may have mended the job: from here on the files of the workers count.
      await sendItems(queue.boss, tx, [{ item: { ...again, code: null }, group }]);
      await afterwards(queue, tx, item, "queued");
    }
    return found.map(({ item }) => item);
  });
}

/**
 * Takes items out of the queue: dead letters, those that wait, or with the name of a job its waves. Its waves go on without a target that was
 * dropped. What a worker is doing is not stopped. Returns what was dropped. @throws UsageError
 */
export async function dropItems(queue: Queue, name: string): Promise<readonly Item[]> {
  return queue.transaction(async (tx) => {
    const ofWaves = await dropRollout(queue.boss, tx, name);
    if (ofWaves !== null) return ofWaves;
    const dead = await findDead(tx, name, name !== "all");
    const waiting = dead.length > 0 || name === "all" ? [] : await findWaiting(tx, name);
    if (dead.length > 0)
      await queue.boss.deleteJob(
        queues.dead,
        dead.map(({ id }) => id),
        { db: tx },
      );
    else
      await queue.boss.deleteJob(
        queues.run,
        waiting.map(({ id }) => id),
        { db: tx },
      );
    for (const { item } of [...dead, ...waiting]) await afterwards(queue, tx, item, "dropped");
    return [...dead, ...waiting].map(({ item }) => item);
  });
}

async function afterwards(
  queue: Queue,
  tx: QueueDb,
  { rollout, target, machine }: Item,
  state: "queued" | "dropped",
): Promise<void> {
  if (rollout === null || machine !== 1) return;
  await forgetFiles(tx, rollout);
  await noteTarget(tx, rollout, target, { state, words: `${state} by an operator` });
  await advanceRollout(queue.boss, tx, rollout);
}

async function findDead(tx: QueueDb, name: string, mayBeNone = false): Promise<readonly Found[]> {
  const found = await find(tx, name, queues.dead, "active");
  if (found.length === 0 && !mayBeNone)
    throw new UsageError(name === "all" ? "There is no dead letter." : `There is no dead letter ${name}.`, {
      remedy: "tidefill queue   lists them with their ids",
    });
  return found;
}

async function findWaiting(tx: QueueDb, name: string): Promise<readonly Found[]> {
  const found = await find(tx, name, queues.run, "active");
  if (found.length > 0) return found;
  throw new UsageError(`There is no dead letter and no waiting item ${name}.`, {
    remedy:
      "tidefill queue   lists them with their ids. What is worked on: tidefill pause <job> --target <name>",
  });
}

/** By the beginning of an id, which must be clear. */
async function find(tx: QueueDb, name: string, queue: string, before: string): Promise<readonly Found[]> {
  const { rows } = await tx.executeSql(
    `select id, data as item, coalesce(group_id, data ->> 'target') as "group"
    from ${queueSchema}.job
    where name = $1
      and state < $2::text::${queueSchema}.job_state
      and ($3 = 'all' or id::text like $3 || '%')
    order by created_on
    for update`,
    [queue, before, name.replaceAll(/[%_\\]/g, "")],
  );
  if (rows.length > 1 && name !== "all")
    throw new UsageError(`The ids of ${rows.length} items begin with ${name}.`, {
      remedy: "Type more of the id.",
    });
  return rows as Found[];
}
