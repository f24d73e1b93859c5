import { isAlive } from "../../store/runs/is-alive.ts";
import type { Session } from "../../store/session.ts";

/**
 * Releases the leases of dead processes of this machine, so that a resume after a kill goes on at once. If
 * such a process lives after all (in a container of the same name), its token is gone and the fence rolls its
 * batch back.
 */
export async function releaseDeadWorkers({ db, store }: Session, run: bigint): Promise<void> {
  for (const { id, process: pid } of await store.workers.ofThisHost(db, run)) {
    if (isAlive(pid)) continue;
    await store.ranges.releaseAllOf(db, run, id);
    await store.workers.leave(db, id);
  }
}
