import type { Database } from "../postgres/database.ts";
import type { Store } from "../store/store.ts";

/**
 * Frees the leases of processes of this machine that are no longer there, so that a resume after a kill goes on at once.
 * Should the process live after all (a container of the same name), its token is gone and the fence rolls its batch back.
 */
export async function buryTheDead(db: Database, store: Store, run: bigint): Promise<void> {
  for (const { id, process: pid } of await store.workers.ofThisHost(db, run)) {
    if (isAlive(pid)) continue;
    await store.ranges.releaseAllOf(db, run, id);
    await store.workers.leave(db, id);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Without the right to signal it, it is there.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
