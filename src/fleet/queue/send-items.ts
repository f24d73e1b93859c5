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
  /** the id that operators know it by; a new one when absent */
  readonly id?: string | undefined;
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
    items.map(({ item, group, startAfter, id }) => ({
      data: item,
      singletonKey: singletonKey(item),
      group: { id: group },
      priority: item.priority,
      ...(startAfter === undefined ? {} : { startAfter }),
      ...(id === undefined ? {} : { id }),
    })),
    { db, returnId: true },
  );
  return sent?.length ?? 0;
}
