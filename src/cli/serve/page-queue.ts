import type { Queue } from "../../fleet/queue/queue.ts";
import type { Address } from "../../postgres/connection/create-pool.ts";
import { openQueueIfThere } from "../fleet/queue-address.ts";

const againMs = 10_000;

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

  /** What was found is kept; where there is none, or it cannot be opened, it is looked for again after a while. */
  #once(address: Address | null): () => Promise<Queue | null> {
    let opening: Promise<Queue | null> | null = null;
    let againAt = 0;
    return () => {
      if (opening !== null && performance.now() < againAt) return opening;
      againAt = Number.POSITIVE_INFINITY;
      const wait = (): void => {
        againAt = performance.now() + againMs;
      };
      const found = openQueueIfThere(address);
      opening = found;
      found.then((queue) => (queue === null ? wait() : this.#open.push(queue)), wait);
      return found;
    };
  }
}
