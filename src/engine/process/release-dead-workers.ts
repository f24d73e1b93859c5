import { isAlive } from "../../store/runs/is-alive.ts";
import type { Session } from "../../store/session.ts";

/**
 * Frees the leases of processes of this machine that are no longer there, so that a resume after a kill goes on at once.
 * Should the process live after all (a container of the same name), its token is gone and the fence rolls its batch back.
 */
export async function releaseDeadWorkers({ db, store }: Session, run: bigint): Promise<void> {
  for (const { id, process: pid } of await store.workers.ofThisHost(db, run)) {
    if (isAlive(pid)) continue;
    await store.ranges.releaseAllOf(db, run, id);
    await store.workers.leave(db, id);
  }
}
