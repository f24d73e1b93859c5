import type { Queue } from "../../fleet/queue/queue.ts";
import type { Address } from "../../postgres/connection/create-pool.ts";
import { openQueueIfThere } from "../fleet/queue-address.ts";

/**
 * The queue for pages. Where TIDEFILL_QUEUE_URL names no database of its own, it is read by the page's address, and
 * items are sent by that of operators. It is opened when it is first needed, so that pages do without it.
 */
export class PageQueue {
  readonly #reading: () => Promise<Queue | null>;
  readonly #sending: () => Promise<Queue | null>;
  readonly #open: Queue[] = [];

  constructor(viewer: Address | null, operator: Address | null) {
    const hasOwnUrl = Boolean(process.env.TIDEFILL_QUEUE_URL);
    this.#reading = this.#once(viewer);
    this.#sending = hasOwnUrl ? this.#reading : this.#once(operator);
  }

  /** null where there is none */
  reading(): Promise<Queue | null> {
    return this.#reading();
  }

  /** null where there is none, or where this page has no operators */
  sending(): Promise<Queue | null> {
    return this.#sending();
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#open.map((queue) => queue.close()));
  }

  /** A failure is not kept: the next page tries again. */
  #once(address: Address | null): () => Promise<Queue | null> {
    let opening: Promise<Queue | null> | null = null;
    return async () => {
      opening ??= openQueueIfThere(address);
      try {
        const queue = await opening;
        if (queue === null) opening = null;
        else if (!this.#open.includes(queue)) this.#open.push(queue);
        return queue;
      } catch (error) {
        opening = null;
        throw error;
      }
    };
  }
}
