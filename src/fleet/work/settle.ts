import { hostname } from "node:os";
import { exitCodes } from "../../engine/report/exit-code.ts";
import type { DeadItem, Item } from "../queue/item.ts";
import type { Queue, QueueDb } from "../queue/queue.ts";
import { queueSchema, queues } from "../queue/queue-tables.ts";
import { sendItems } from "../queue/send-items.ts";
import { advanceRollout, mayBegin, noteTarget } from "../waves/rollouts.ts";
import type { Outcome } from "./outcome.ts";

/** An item that this worker has taken. */
export interface Claim {
  readonly id: string;
  /** how often it was begun before; with it the queue knows this attempt from a later one */
  readonly retryCount: number;
  readonly item: Item;
  readonly group: string;
}

/** By then every machine of a deploy has the new files, and has ended what it did. */
const longestRefusedMs = 3_600_000;

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
  return queue.transaction(async (tx) => {
    const mayGoOn = await mayBegin(tx, claim.item.rollout);
    const goesOn = outcome.kind === "later" || outcome.kind === "refused" || outcome.kind === "failed";
    if (!(await leaveQueue(queue, tx, claim, goesOn && !mayGoOn ? "delete" : outcome))) return false;
    await tx.executeSql(`delete from ${queueSchema}.tidefill_place where item = $1`, [claim.id]);
    if (goesOn && !mayGoOn) await noteWaiting(tx, claim.item);
    else if (outcome.kind === "refused")
      await putBack(queue, tx, claim, { why: outcome.words, inMs: refusedMs });
    else if (outcome.kind === "later")
      await sendAgain(queue, tx, claim, { inMs: Math.max(0, outcome.at.getTime() - Date.now()) });
    else if (outcome.kind === "dead") await bury(queue, tx, claim, outcome);
    else if (outcome.kind === "done") await noteDone(queue, tx, claim, outcome);
    return true;
  });
}

/** Its waves have stopped meanwhile: the target is as good as untouched. */
async function noteWaiting(tx: QueueDb, { rollout, target }: Item): Promise<void> {
  if (rollout !== null)
    await noteTarget(tx, rollout, target, { state: "waiting", words: "its waves have stopped" });
}

/** For another worker; a dead letter when that has lasted too long, by the clock of the database. */
async function putBack(
  queue: Queue,
  tx: QueueDb,
  claim: Claim,
  { why, inMs }: { readonly why: string; readonly inMs: number },
): Promise<void> {
  const { rows } = await tx.executeSql("select pg_catalog.clock_timestamp() as now");
  const now = new Date(rows[0].now);
  const since = claim.item.refused?.since ?? now.toISOString();
  if (now.getTime() - Date.parse(since) < longestRefusedMs)
    return sendAgain(queue, tx, claim, { inMs, refused: { since, why } });
  return bury(queue, tx, claim, { words: `no worker took it for an hour: ${why}`, run: null, code: 3 });
}

/** Ends the claim; false when it is no longer this worker's. */
async function leaveQueue(
  { boss }: Queue,
  tx: QueueDb,
  { id, retryCount }: Claim,
  outcome: Outcome | "delete",
): Promise<boolean> {
  const attempt = { id, retryCount };
  if (outcome === "delete") return affected(await boss.deleteJob(queues.run, attempt, { db: tx })) > 0;
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
  await sendItems(queue.boss, tx, [{ id, item: again, group, startAfter: Math.ceil(inMs / 1_000) }]);
}

async function bury(
  queue: Queue,
  tx: QueueDb,
  claim: Claim,
  { words, run, code }: { readonly words: string; readonly run: number | null; readonly code: number },
): Promise<void> {
  const { item } = claim;
  const dead: DeadItem = { ...item, failure: { words, run, code, host: hostname() } };
  await queue.boss.send(queues.dead, dead, { id: claim.id, group: { id: claim.group }, db: tx });
  if (item.rollout === null) return;
  await noteTarget(tx, item.rollout, item.target, { state: "failed", words });
  await advanceRollout(queue.boss, tx, item.rollout);
}

/**
 * The first process of a target has verified it. A run that an operator has ended stops the waves, and leaves
 * a dead letter to go on with.
 */
async function noteDone(
  queue: Queue,
  tx: QueueDb,
  claim: Claim,
  { words, run, isGood }: { readonly words: string; readonly run: number | null; readonly isGood: boolean },
): Promise<void> {
  const { rollout, target, machine } = claim.item;
  if (rollout === null || machine !== 1) return;
  if (!isGood) return bury(queue, tx, claim, { words, run, code: exitCodes.resumable });
  await noteTarget(tx, rollout, target, { state: "succeeded", words });
  await advanceRollout(queue.boss, tx, rollout);
}
