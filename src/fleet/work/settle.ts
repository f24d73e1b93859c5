import { hostname } from "node:os";
import type { DeadItem, Item } from "../queue/item.ts";
import type { Queue, QueueDb } from "../queue/queue.ts";
import { queueSchema, queues } from "../queue/queue-tables.ts";
import { sendItems } from "../queue/send-items.ts";
import { advanceRollout, noteTarget } from "../waves/rollouts.ts";
import type { Outcome } from "./outcome.ts";

/** An item that this worker has taken. */
export interface Claim {
  readonly id: string;
  /** how often it was begun before; with it the queue knows this attempt from a later one */
  readonly retryCount: number;
  readonly item: Item;
  readonly group: string;
}

/** By then every machine of a deploy has the new files. */
const longestRefusedMs = 600_000;

/**
 * Writes down what becomes of an item, with what follows for its waves, in one transaction. Returns false and
 * changes nothing when the queue has given the item to another worker meanwhile. A refused item waits for
 * `refusedMs` for a worker that has its job and its files.
 */
export async function settle(
  queue: Queue,
  claim: Claim,
  outcome: Outcome,
  refusedMs: number,
): Promise<boolean> {
  const final = outcome.kind === "refused" ? refusal(claim.item, outcome.words) : null;
  return queue.transaction(async (tx) => {
    if (!(await leaveQueue(queue, tx, claim, outcome))) return false;
    await tx.executeSql(`delete from ${queueSchema}.tidefill_place where item = $1`, [claim.id]);
    if (final !== null && final.kind === "again")
      await sendAgain(queue, tx, claim, { inMs: refusedMs, refused: final.refused });
    else if (final !== null && final.kind === "dead")
      await bury(queue, tx, claim, { words: final.words, run: null, code: 3 });
    else if (outcome.kind === "later")
      await sendAgain(queue, tx, claim, { inMs: Math.max(0, outcome.at.getTime() - Date.now()) });
    else if (outcome.kind === "dead") await bury(queue, tx, claim, outcome);
    else if (outcome.kind === "done") await noteDone(queue, tx, claim.item, outcome);
    return true;
  });
}

type Refusal =
  | { readonly kind: "again"; readonly refused: NonNullable<Item["refused"]> }
  | { readonly kind: "dead"; readonly words: string };

function refusal({ refused }: Item, why: string): Refusal {
  const since = refused?.since ?? new Date().toISOString();
  if (Date.now() - Date.parse(since) < longestRefusedMs) return { kind: "again", refused: { since, why } };
  return { kind: "dead", words: `no worker took it for ten minutes: ${why}` };
}

/** Ends the claim; false when it is no longer this worker's. */
async function leaveQueue(queue: Queue, tx: QueueDb, claim: Claim, outcome: Outcome): Promise<boolean> {
  const { boss } = queue;
  const attempt = { id: claim.id, retryCount: claim.retryCount };
  const words = { words: outcome.words };
  const left =
    outcome.kind === "done"
      ? await boss.complete(queues.run, attempt, words, { db: tx })
      : outcome.kind === "failed"
        ? await boss.fail(queues.run, attempt, words, { db: tx })
        : await boss.deleteJob(queues.run, attempt, { db: tx });
  return affected(left) > 0;
}

function affected(response: object): number {
  return Number((response as { readonly affected?: number }).affected ?? 0);
}

async function sendAgain(
  queue: Queue,
  tx: QueueDb,
  { id, item: { refused: _, ...item }, group }: Claim,
  { inMs, refused }: { readonly inMs: number; readonly refused?: Item["refused"] },
): Promise<void> {
  const again = refused === undefined ? item : { ...item, refused };
  await sendItems(queue.boss, tx, [{ id, item: again, group, startAfter: new Date(Date.now() + inMs) }]);
}

async function bury(
  queue: Queue,
  tx: QueueDb,
  claim: Claim,
  { words, run, code }: { readonly words: string; readonly run: number | null; readonly code: number },
): Promise<void> {
  const { item } = claim;
  const dead: DeadItem = { ...item, failure: { words, run, code, host: hostname() } };
  await queue.boss.send(queues.dead, dead, { id: claim.id, db: tx });
  if (item.rollout === null) return;
  await noteTarget(tx, item.rollout, item.target, { state: "failed", words });
  await advanceRollout(queue.boss, tx, item.rollout);
}

/** The first process of a target has verified it. A run that an operator has ended stops the waves. */
async function noteDone(
  queue: Queue,
  tx: QueueDb,
  { rollout, target, machine }: Item,
  { words, isGood }: { readonly words: string; readonly isGood: boolean },
): Promise<void> {
  if (rollout === null || machine !== 1) return;
  await noteTarget(tx, rollout, target, { state: isGood ? "succeeded" : "failed", words });
  await advanceRollout(queue.boss, tx, rollout);
}
