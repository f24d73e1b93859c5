import { randomUUID } from "node:crypto";
import type { Queue } from "../queue/queue.ts";
import { itemsOf, sendItems } from "../queue/send-items.ts";
import { groupOf, type NamedTarget } from "../targets/define-targets.ts";

/**
 * Asks the fleet to go on with a run of a job on a target. Returns how many items were sent: 0 where the job is in
 * the queue for this target already. Workers use their own files of the job, and the run's own check of changed
 * files decides.
 */
export async function enqueueResume(
  queue: Queue,
  { job, run, target }: { readonly job: string; readonly run: number; readonly target: NamedTarget },
): Promise<number> {
  const item = {
    request: randomUUID(),
    action: "run",
    job,
    target: target.name,
    parameters: {},
    machine: 1,
    again: false,
    rollout: null,
    code: null,
    priority: 0,
    resumes: run,
  } as const;
  const items = itemsOf(item, 1, { group: groupOf(target) });
  return (await queue.transaction((tx) => sendItems(queue.boss, tx, items))).length;
}
