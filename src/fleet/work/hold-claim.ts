import { hostname } from "node:os";
import { pid } from "node:process";
import type { Queue, QueueDb } from "../queue/queue.ts";
import { queueSchema, queues } from "../queue/queue-tables.ts";
import type { Claim } from "./settle.ts";

/** The queue gives an item away after 15 seconds of silence. */
const everyMs = 4_000;
/** The queue gives an item away after a day, so a worker hands it over before. */
const longestMs = 20 * 3_600_000;

/**
 * Tells the queue that an item is worked on, until `stop` is called. Calls `onLost` when the queue has given
 * it to another worker, and `onLong` when it is to be handed over. A queue that cannot be reached changes
 * nothing: the run does not need it.
 */
export function holdClaim(
  queue: Queue,
  { id, retryCount }: Claim,
  { onLost, onLong }: { readonly onLost: () => void; readonly onLong: () => void },
): { readonly stop: () => void } {
  const begin = performance.now();
  let isTelling = false;
  const tell = async (): Promise<void> => {
    const touched = (await queue.boss.touch(queues.run, { id, retryCount })) as {
      readonly affected?: number;
    };
    if (touched.affected === 0) return onLost();
    await queue.db.executeSql(
      `insert into ${queueSchema}.tidefill_place (item, host, pid)
      values ($1, $2, $3)
      on conflict (item) do update
      set host = excluded.host, pid = excluded.pid, seen_at = pg_catalog.clock_timestamp()`,
      [id, hostname(), pid],
    );
  };
  const beat = (): void => {
    if (performance.now() - begin > longestMs) onLong();
    if (isTelling) return;
    isTelling = true;
    void tell()
      .catch(() => {})
      .finally(() => {
        isTelling = false;
      });
  };
  beat();
  const timer = setInterval(beat, everyMs);
  return { stop: () => clearInterval(timer) };
}

/** Forgets where items were that their workers have not left themselves. */
export async function forgetPlaces(db: QueueDb): Promise<void> {
  await db.executeSql(
    `delete from ${queueSchema}.tidefill_place where seen_at < pg_catalog.clock_timestamp() - interval '1 hour'`,
  );
}
