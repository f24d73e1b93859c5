import { TidefillError } from "../../errors.ts";
import { Queue } from "../../fleet/queue/queue.ts";
import { queueSchema } from "../../fleet/queue/queue-tables.ts";
import type { Address } from "../../postgres/connection/create-pool.ts";
import { sql } from "../../postgres/sql/sql.ts";
import { withSession } from "../../store/session.ts";
import type { CommonSettings } from "../options/settings.ts";
import { located } from "../options/with-store.ts";
import { toTidefillError } from "../terminal/to-tidefill-error.ts";

/** Where the queue is: TIDEFILL_QUEUE_URL, else the database that the command names. */
export function queueAddress(own: Address): Address {
  const { TIDEFILL_QUEUE_URL: url } = process.env;
  return url === undefined || url === "" ? own : { connectionString: url };
}

/** Opens the queue. @throws TidefillError that names it when its server cannot be reached */
export async function openQueue(own: Address, role: Parameters<typeof Queue.open>[1]): Promise<Queue> {
  try {
    return await Queue.open(queueAddress(own), role);
  } catch (thrown) {
    const error = toTidefillError(thrown);
    if (error.code !== "unreachable" || !process.env.TIDEFILL_QUEUE_URL) throw thrown;
    throw new TidefillError(error.code, `The queue cannot be reached. ${error.message}`, {
      remedy: "Check the address in TIDEFILL_QUEUE_URL.",
      cause: error,
    });
  }
}

/**
 * Opens the queue for looking at it where its tables are there: in the database that TIDEFILL_QUEUE_URL names, else in
 * the command's own. Installs nothing.
 */
export async function openQueueIfThere(own: Address | null): Promise<Queue | null> {
  if (own === null && !process.env.TIDEFILL_QUEUE_URL) return null;
  const address = queueAddress(own ?? {});
  const isThere = await withSession("tidefill queue", address, 1, async ({ db }) => {
    const { rows } = await db.query(
      sql`select pg_catalog.to_regclass(${`${queueSchema}.tidefill_rollout`}) is not null as found`,
    );
    return rows[0]?.found === "t";
  });
  return isThere ? openQueue(address, { supervises: false }) : null;
}

/** Calls `work` with the queue, for commands that only read it or send to it. */
export async function withQueue<T>(settings: CommonSettings, work: (queue: Queue) => Promise<T>): Promise<T> {
  return located(settings, async (own) => {
    const queue = await openQueue(own, { supervises: false });
    try {
      return await work(queue);
    } finally {
      await queue.close();
    }
  });
}
