import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { PgBoss } from "pg-boss";
import { RefusedError } from "../../errors.ts";
import { type Item, itemName, singletonKey } from "../queue/item.ts";
import type { QueueDb } from "../queue/queue.ts";
import { queueSchema, queues } from "../queue/queue-tables.ts";
import { itemsOf, sendItems } from "../queue/send-items.ts";
import { groupOf, type NamedTarget } from "../targets/define-targets.ts";
import { planWaves } from "../waves/plan-waves.ts";
import { beginRollout } from "../waves/rollouts.ts";
import { itemOf, type Order } from "./selection.ts";

/** What was sent. */
export interface Enqueued {
  /** items sent now; what was in the queue already is not sent twice */
  readonly sent: number;
  readonly targets: number;
  /** how many targets each wave has; empty without waves */
  readonly waves: readonly number[];
}

/** When and how an order is carried out. */
export interface Timing {
  readonly startAfter?: Date | undefined;
  /** `1,10%,100%` */
  readonly waves?: string | undefined;
  readonly soakMs?: number | undefined;
  /** names what was asked for, so that it is done once; a new one when absent */
  readonly request?: string | undefined;
}

/** Sends an order for these targets within a transaction. @throws UsageError, RefusedError */
export async function enqueueOrder(
  boss: Pick<PgBoss, "insert" | "deleteJob">,
  tx: QueueDb,
  { order, targets }: { readonly order: Order; readonly targets: readonly NamedTarget[] },
  { startAfter, waves, soakMs = 60_000, request = randomUUID() }: Timing,
): Promise<Enqueued> {
  const item = itemOf(order, request);
  if (waves !== undefined) {
    const planned = planWaves(targets, waves).map((wave) =>
      wave.map((target) => ({ target: target.name, group: groupOf(target) })),
    );
    const rollout = { id: request, item, machines: order.machines, waves: planned, soakMs, startAfter };
    const sent = await beginRollout(boss, tx, rollout);
    return { sent, targets: targets.length, waves: planned.map(({ length }) => length) };
  }
  const items = targets.flatMap((target) =>
    itemsOf({ ...item, target: target.name }, order.machines, { group: groupOf(target), startAfter }),
  );
  const sent = await sendItems(boss, tx, items);
  const known = items.filter(
    ({ item }) => !sent.some((each) => singletonKey(each.item) === singletonKey(item)),
  );
  await requireSame(
    tx,
    known.map(({ item }) => item),
  );
  return { sent: sent.length, targets: targets.length, waves: [] };
}

/** What is in the queue already must ask for the same. @throws RefusedError where its parameters differ */
async function requireSame(tx: QueueDb, items: readonly Item[]): Promise<void> {
  if (items.length === 0) return;
  const { rows } = await tx.executeSql(
    `select singleton_key as key, data -> 'parameters' as parameters
    from ${queueSchema}.job
    where name = $1
      and state < 'completed'
      and singleton_key = any($2::text[])`,
    [queues.run, items.map(singletonKey)],
  );
  for (const item of items) {
    const known = rows.find(({ key }) => key === singletonKey(item));
    if (known === undefined || isDeepStrictEqual(known.parameters, item.parameters)) continue;
    throw new RefusedError(
      "same-item-is-not-queued",
      `${itemName(item)} is in the queue already, with other parameters. Nothing was sent.`,
      "Wait until it is done, or: tidefill queue drop <id>",
    );
  }
}
