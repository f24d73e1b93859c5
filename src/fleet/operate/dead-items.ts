import { UsageError } from "../../errors.ts";
import type { DeadItem, Item } from "../queue/item.ts";
import type { Queue, QueueDb } from "../queue/queue.ts";
import { queueSchema, queues } from "../queue/queue-tables.ts";
import { waitingItemsOf } from "../queue/read-queue.ts";
import { deleteItems, sendItems } from "../queue/send-items.ts";
import { advanceRollout, dropRollout, forgetFiles, isOpen, noteTarget } from "../waves/rollouts.ts";

interface Found {
  readonly id: string;
  readonly item: DeadItem;
  readonly group: string;
}

/**
 * Sends dead letters again; `all` as a name takes every one. A dead letter stays where the same job and target
 * are in the queue already. Returns what was sent. @throws UsageError
 */
export async function retryDead(queue: Queue, name: string): Promise<readonly Item[]> {
  return queue.transaction(async (tx) => {
    const again: Item[] = [];
    for (const found of await findDead(tx, name))
      if (await sendAgain(queue, tx, found)) again.push(found.item);
    return again;
  });
}

async function sendAgain(queue: Queue, tx: QueueDb, { id, item, group }: Found): Promise<boolean> {
  const { failure: _, refused: __, ...rest } = item;
  if (item.rollout !== null && (await isOpen(tx, item.rollout))) {
    // The waves send what is missing, for each of its processes.
    await deleteItems(queue.boss, tx, queues.dead, [id]);
    await afterwards(queue, tx, item, "waiting");
    return true;
  }
  // The operator may have mended the job: from here on the files of the workers count.
  const sent = await sendItems(queue.boss, tx, [{ item: { ...rest, rollout: null, code: null }, group }]);
  if (sent.length > 0) await deleteItems(queue.boss, tx, queues.dead, [id]);
  return sent.length > 0;
}

/**
 * Takes items out of the queue: dead letters, those that wait, or with the name of a job its waves. Its waves
 * go on without a target that was dropped. What a worker is doing is not stopped. Returns what was dropped.
 * @throws UsageError
 */
export async function dropItems(queue: Queue, name: string): Promise<readonly Item[]> {
  return queue.transaction(async (tx) => {
    const ofWaves = await dropRollout(queue.boss, tx, name);
    if (ofWaves !== null) return ofWaves;
    const dead = await findDead(tx, name, name !== "all");
    const found = dead.length > 0 ? dead : await findWaiting(tx, name);
    const from = dead.length > 0 ? queues.dead : queues.run;
    await deleteItems(
      queue.boss,
      tx,
      from,
      found.map(({ id }) => id),
    );
    for (const { item } of found) {
      if (item.rollout === null) continue;
      // The target's further processes, too.
      const rest = (await waitingItemsOf(tx, item.rollout)).filter(
        (each) => each.item.target === item.target,
      );
      await deleteItems(
        queue.boss,
        tx,
        queues.run,
        rest.map(({ id }) => id),
      );
      await afterwards(queue, tx, item, "dropped");
    }
    return found.map(({ item }) => item);
  });
}

async function afterwards(
  queue: Queue,
  tx: QueueDb,
  { rollout, target }: Item,
  state: "waiting" | "dropped",
): Promise<void> {
  if (rollout === null) return;
  await forgetFiles(tx, rollout);
  await noteTarget(tx, rollout, target, { state, words: `${state} by an operator` });
  await advanceRollout(queue.boss, tx, rollout);
}

async function findDead(tx: QueueDb, name: string, mayBeNone = false): Promise<readonly Found[]> {
  if (name.trim() === "")
    throw new UsageError("Name an item.", { remedy: "tidefill queue   lists them with their ids" });
  const found = await find(tx, name, queues.dead);
  if (found.length === 0 && !mayBeNone)
    throw new UsageError(name === "all" ? "There is no dead letter." : `There is no dead letter ${name}.`, {
      remedy: "tidefill queue   lists them with their ids",
    });
  return found;
}

async function findWaiting(tx: QueueDb, name: string): Promise<readonly Found[]> {
  const found = await find(tx, name, queues.run);
  if (found.length > 0) return found;
  throw new UsageError(`There is no dead letter and no waiting item ${name}.`, {
    remedy:
      "tidefill queue   lists them with their ids. What is worked on: tidefill pause <job> --target <name>",
  });
}

/** By the beginning of an id, which must be clear. */
async function find(tx: QueueDb, name: string, queue: string): Promise<readonly Found[]> {
  const { rows } = await tx.executeSql(
    `select id, data as item, coalesce(group_id, data ->> 'target') as "group"
    from ${queueSchema}.job
    where name = $1
      and state < 'active'
      and ($2 = 'all' or id::text like $2 || '%')
    order by created_on
    for update`,
    [queue, name.replaceAll(/[%_\\]/g, "")],
  );
  if (rows.length > 1 && name !== "all")
    throw new UsageError(`The ids of ${rows.length} items begin with ${name}.`, {
      remedy: "Type more of the id.",
    });
  return rows as Found[];
}
