import { randomBytes } from "node:crypto";
import type { PgBoss } from "pg-boss";
import { type Item, singletonKey } from "./item.ts";
import type { QueueDb } from "./queue.ts";
import { queues } from "./queue-tables.ts";

/** An item, and when it may be taken at the earliest; at once when absent. */
export interface ItemToSend {
  readonly item: Item;
  /** the server that its target shares with other targets */
  readonly group: string;
  /** a moment, or seconds from now by the clock of the queue's database */
  readonly startAfter?: Date | number | undefined;
  /** the id that operators know it by; a new one when absent */
  readonly id?: string | undefined;
}

/** The items of one target: one for each process that is to work on it. */
export function itemsOf(
  item: Item,
  machines: number,
  { group, startAfter }: Pick<ItemToSend, "group" | "startAfter">,
): readonly ItemToSend[] {
  return Array.from({ length: machines }, (_, at) => ({
    item: { ...item, machine: at + 1 },
    group,
    startAfter,
  }));
}

/** Takes items out of a queue, whatever their state. */
export async function deleteItems(
  boss: Pick<PgBoss, "deleteJob">,
  db: QueueDb,
  queue: string,
  ids: readonly string[],
): Promise<void> {
  // pg-boss refuses an empty list.
  if (ids.length > 0) await boss.deleteJob(queue, [...ids], { db });
}

/** Sends items in a transaction; returns those that were sent, without those that are in the queue already. */
export async function sendItems(
  boss: Pick<PgBoss, "insert">,
  db: QueueDb,
  items: readonly ItemToSend[],
): Promise<readonly ItemToSend[]> {
  if (items.length === 0) return [];
  const named = items.map((each, at) => ({ ...each, id: each.id ?? orderedId(at) }));
  const sent = await boss.insert(
    queues.run,
    named.map(({ item, group, startAfter, id }) => ({
      id,
      data: item,
      singletonKey: singletonKey(item),
      group: { id: group },
      priority: item.priority,
      ...(startAfter === undefined ? {} : { startAfter }),
    })),
    { db, returnId: true },
  );
  return named.filter(({ id }) => sent?.includes(id) === true);
}

/**
 * A UUID that sorts after those before it, so that items of one moment are taken in their order: version 7 of
 * RFC 9562, with the place in its first random bits.
 */
function orderedId(at: number): string {
  const time = Date.now().toString(16).padStart(12, "0");
  const place = (at & 0xffffff).toString(16).padStart(6, "0");
  const rest = randomBytes(6).toString("hex");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${place.slice(0, 3)}-8${place.slice(3)}-${rest}`;
}
