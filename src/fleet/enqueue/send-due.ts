import type { Queue } from "../queue/queue.ts";
import { queues } from "../queue/queue-tables.ts";
import type { NamedTarget } from "../targets/define-targets.ts";
import { enqueueOrder } from "./enqueue-order.ts";
import { type Order, targetsOf } from "./selection.ts";

/** What a schedule holds: an order, and its waves. */
export interface ScheduledOrder extends Order {
  readonly waves?: string | undefined;
  readonly soakMs?: number | undefined;
}

/**
 * Sends the items of schedules that have come due, each once: the schedule's job leaves in the same
 * transaction. One that cannot be sent is tried again.
 */
export async function sendDue(
  queue: Queue,
  targets: { readonly all: () => Promise<readonly NamedTarget[]> },
  onFailure: (error: unknown) => void,
): Promise<void> {
  const due = await queue.boss.fetch<ScheduledOrder>(queues.due, { batchSize: 20 });
  for (const { id, retryCount, data } of due) {
    const { waves, soakMs, ...order } = data;
    try {
      const chosen = targetsOf(order, await targets.all());
      await queue.transaction(async (tx) => {
        await queue.boss.complete(queues.due, { id, retryCount }, null, { db: tx });
        await enqueueOrder(queue.boss, tx, { order, targets: chosen }, { waves, soakMs, request: id });
      });
    } catch (error) {
      // What its words say may hold an address, so they stay out of the queue.
      await queue.boss.fail(queues.due, { id, retryCount }, { message: "its items could not be sent" });
      onFailure(error);
    }
  }
}
