import { itemName } from "../fleet/queue/item.ts";
import type { Queue } from "../fleet/queue/queue.ts";
import {
  type QueuedItem,
  type RolloutState,
  readDepth,
  readItems,
  readRollouts,
} from "../fleet/queue/read-queue.ts";
import { formatCount, formatSeconds } from "../observe/format.ts";
import { alignColumns } from "./align-columns.ts";

/** The queue as `tidefill queue --json` prints it. */
export interface ReadQueue {
  readonly depth: Awaited<ReturnType<typeof readDepth>>;
  readonly items: readonly QueuedItem[];
  readonly waves: readonly RolloutState[];
  /** the workers that the queue has heard from lately */
  readonly workers: readonly QueueWorker[];
}

/** A worker of the fleet, as its last heartbeat says. */
export interface QueueWorker {
  readonly host: string;
  readonly pid: number;
  /** ISO dates: when it began, and when the queue last heard from it */
  readonly since: string;
  readonly heardAt: string;
  /** of its process; null before its first heartbeat */
  readonly memoryBytes: number | null;
  /** the delay of its event loop that 99 of 100 callbacks stay below, in milliseconds */
  readonly delayMs: number | null;
}

export async function readQueue({ db, boss }: Queue): Promise<ReadQueue> {
  const [depth, items, waves] = [await readDepth(db), await readItems(db), await readRollouts(db)];
  const workers = (await boss.getInstances())
    .filter(({ live, supervise }) => live && supervise)
    .map(({ host, pid, startedOn, heartbeatOn, metrics }) => ({
      host,
      pid,
      since: new Date(startedOn).toISOString(),
      heardAt: new Date(heartbeatOn).toISOString(),
      memoryBytes: metrics?.rss ?? null,
      delayMs: metrics?.loopDelay ?? null,
    }));
  return { depth, items, waves, workers };
}

/** No terminal is longer; the counts above are of all. */
export const mostShown = 40;
/** As much of an id as tells items apart. */
const shownId = 8;

/** What a table of items says of each, in `itemCells`' order. */
export const itemHeading = ["ID", "STATE", "JOB", "WHERE", "SINCE", ""] as const;

/** What to type where items wait, and no worker is there. */
export const noWorkerRemedy = "No worker takes them. Start one: tidefill work";
/** What to type where there are dead letters. */
export const deadLetterRemedy =
  "Mend the cause, then: tidefill queue retry <id>   or: tidefill queue drop <id>";

/** The queue for people: workers, waves, and the items that are worked on, dead or waiting. */
export function describeQueue(read: ReadQueue): string {
  const { depth, items, waves, workers } = read;
  const hint = workers.length === 0 && depth.waiting > 0 ? [`→ ${noWorkerRemedy}`] : [];
  const table = items.slice(0, mostShown).map(itemCells);
  const more = depth.running + depth.waiting + depth.deferred + depth.dead - table.length;
  return [
    queueHead(read),
    ...hint,
    ...waves.map(describeWaves),
    ...(table.length === 0 ? [] : ["", alignColumns([itemHeading, ...table])]),
    ...(more > 0 ? [`and ${formatCount(more)} more`] : []),
    ...(depth.dead > 0 ? [`→ ${deadLetterRemedy}`] : []),
  ].join("\n");
}

/** How many workers there are and where, and how many items are worked on, wait or are dead. */
export function queueHead({ depth, workers }: ReadQueue): string {
  const hosts = [...new Set(workers.map(({ host }) => host))];
  const at = hosts.length === 0 ? "" : ` on ${hosts.join(", ")}`;
  const deferred = depth.deferred > 0 ? `, ${formatCount(depth.deferred)} for later` : "";
  return `${formatCount(workers.length)} ${workers.length === 1 ? "worker" : "workers"}${at}; ${formatCount(depth.running)} running, ${formatCount(depth.waiting)} waiting${deferred}, ${formatCount(depth.dead)} dead`;
}

/** Waves in a line: how far they are, and what became of their targets. */
export function describeWaves({ job, state, wave, waves, targets, message }: RolloutState): string {
  const all = Object.values(targets).reduce((sum, each) => sum + each, 0);
  const counts = ["succeeded", "queued", "waiting", "failed", "dropped"]
    .filter((name) => (targets[name] ?? 0) > 0)
    .map((name) => `${formatCount(targets[name] ?? 0)} ${name}`);
  const at =
    state === "succeeded"
      ? `all ${waves} waves are done`
      : state === "replaced"
        ? "given up"
        : `wave ${wave + 1} of ${waves}`;
  const stopped = state === "stopped" ? `, stopped by ${message ?? "an operator"}` : "";
  return `${job}: ${at}; of ${formatCount(all)} targets ${counts.join(", ")}${stopped}`;
}

/** One item as a row of a table. */
export function itemCells({
  id,
  state,
  item,
  place,
  since,
  startAfter,
  words,
  attempts,
}: QueuedItem): string[] {
  const seconds = Math.max(0, (Date.now() - Date.parse(since)) / 1_000);
  const later = startAfter === null ? null : `not before ${startAfter.slice(0, 19).replace("T", " ")}Z`;
  const tried = attempts > 0 && state !== "dead" ? `attempt ${attempts + 1}` : null;
  const notes = [later, tried, words].filter((note) => note !== null);
  return [
    id.slice(0, shownId),
    state,
    itemName(item),
    place ?? "–",
    formatSeconds(seconds),
    notes.join("; "),
  ];
}
