import { Queue } from "../../fleet/queue/queue.ts";
import type { Address } from "../../postgres/connection/create-pool.ts";
import type { CommonSettings } from "../options/settings.ts";
import { located } from "../options/with-store.ts";

/** Where the queue is: TIDEFILL_QUEUE_URL, else the database that the command names. */
export function queueAddress(own: Address): Address {
  const { TIDEFILL_QUEUE_URL: url } = process.env;
  return url === undefined || url === "" ? own : { connectionString: url };
}

/** Calls `work` with the queue, for commands that only read it or send to it. */
export async function withQueue<T>(settings: CommonSettings, work: (queue: Queue) => Promise<T>): Promise<T> {
  return located(settings, async (own) => {
    const queue = await Queue.open(queueAddress(own), { supervises: false });
    try {
      return await work(queue);
    } finally {
      await queue.close();
    }
  });
}
