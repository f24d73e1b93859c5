import type { PgBoss } from "pg-boss";
import { type Item, singletonKey } from "./item.ts";
import type { QueueDb } from "./queue.ts";
import { queues } from "./queue-tables.ts";

/** An item, and when it may be taken at the earliest; at once when absent. */
export interface ItemToSend {
  readonly item: Item;
  /** the server that its target shares with other targets */
  readonly group: string;
  readonly startAfter?: Date | undefined;
}

/** Sends items in a transaction; returns how many, without those that are in the queue already. */
export async function sendItems(
  boss: Pick<PgBoss, "insert">,
  db: QueueDb,
  items: readonly ItemToSend[],
): Promise<number> {
  if (items.length === 0) return 0;
  const sent = await boss.insert(
    queues.run,
    items.map(({ item, group, startAfter }) => ({
      data: item,
      singletonKey: singletonKey(item),
      group: { id: group },
      priority: item.priority,
      ...(startAfter === undefined ? {} : { startAfter }),
    })),
    { db, returnId: true },
  );
  return sent?.length ?? 0;
}
