import type { WorkOptions } from "../../engine/options/work-options.ts";
import type { EventListener } from "../../engine/report/events.ts";
import { UsageError } from "../../errors.ts";
import { sendDue } from "../enqueue/send-due.ts";
import type { Item } from "../queue/item.ts";
import type { Queue } from "../queue/queue.ts";
import { queues } from "../queue/queue-tables.ts";
import { tendRollouts } from "../waves/rollouts.ts";
import { doItem } from "./do-item.ts";
import { forgetPlaces, holdClaim } from "./hold-claim.ts";
import type { JobSource } from "./job-source.ts";
import type { Explain, Outcome } from "./outcome.ts";
import { RefusedItems } from "./refused-items.ts";
import { type Claim, settle } from "./settle.ts";
import type { WorkerTargets } from "./worker-targets.ts";

const pollMs = 1_000;
/** How often a worker looks for dead letters that stop waves. */
const tendMs = 5_000;
/** How long an outcome is tried to be written down: the queue's database may be away. */
const settleForMs = 120_000;

/** What a worker of the fleet tells its operator and its metrics. */
export interface FleetListener {
  readonly began: (item: Item) => void;
  readonly ended: (item: Item, outcome: Outcome | "lost", seconds: number) => void;
  /** whether the queue could be reached; the error where not */
  readonly reached: (error: unknown) => void;
  /** what a schedule has sent for could not be enqueued; it is tried again */
  readonly scheduleFailed: (error: unknown) => void;
  /** listeners to the run of an item */
  readonly runListeners: (item: Item) => readonly EventListener[];
}

/** What a worker of the fleet works with. */
export interface FleetWork {
  readonly jobs: JobSource;
  readonly targets: WorkerTargets;
  readonly slots: number;
  /** end when nothing waits that could begin now */
  readonly once: boolean;
  readonly signal: AbortSignal;
  readonly listener: FleetListener;
  readonly explain: Explain;
  /** adds the target to commands in a text, so that operators can copy them */
  readonly withTarget: (target: string, text: string) => string;
  /** what `run` takes, too: workers, lease, … */
  readonly options: Pick<WorkOptions, "workers" | "lease">;
}

/**
 * A worker of the fleet: takes items and does them, several at once. The queue hands out work and decides
 * nothing: leases and checkpoints in the target's database keep an item that is delivered twice from harm.
 */
export class FleetWorker {
  readonly #queue: Queue;
  readonly #work: FleetWork;
  readonly #busy = new Set<Promise<void>>();
  readonly #refused = new RefusedItems();
  /** ends the pause between two looks at the queue */
  #wake = (): void => {};
  #tendedAt = Number.NEGATIVE_INFINITY;

  constructor(queue: Queue, work: FleetWork) {
    this.#queue = queue;
    this.#work = work;
  }

  /** Works until the signal is given; with `once` until nothing waits. */
  async run(): Promise<void> {
    const { signal, once, slots, listener } = this.#work;
    const stop = (): void => this.#wake();
    signal.addEventListener("abort", stop);
    while (!signal.aborted) {
      let took = false;
      try {
        const tends = performance.now() - this.#tendedAt > tendMs;
        const takes = this.#busy.size < slots && this.#refused.pauseMs === 0;
        if (tends) await this.#tend();
        if (takes) took = await this.#takeOne();
        // A busy worker asks the queue nothing most of the time, and has not reached it then.
        if (tends || takes) listener.reached(null);
      } catch (error) {
        listener.reached(error);
      }
      if (took) continue;
      if (once && this.#busy.size === 0) break;
      if (!signal.aborted) await this.#pause();
    }
    signal.removeEventListener("abort", stop);
    await Promise.all(this.#busy);
  }

  /** Until the next look; an item that ends and the signal end it. */
  async #pause(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, pollMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async #takeOne(): Promise<boolean> {
    const { targets } = this.#work;
    const { atOncePerGroup, ignoredGroups } = await targets.limits();
    const [job] = await this.#queue.boss.fetch<Item>(queues.run, {
      batchSize: 1,
      ...(atOncePerGroup === null ? {} : { groupConcurrency: atOncePerGroup }),
      ...(ignoredGroups.length === 0 ? {} : { ignoreGroups: [...ignoredGroups] }),
    });
    if (job === undefined) return false;
    const { id, retryCount, data: item } = job;
    const working = this.#do({ id, retryCount, item, group: job.groupId ?? item.target }).finally(() => {
      this.#busy.delete(working);
      this.#wake();
    });
    this.#busy.add(working);
    return true;
  }

  /** Never throws. */
  async #do(claim: Claim): Promise<void> {
    const { item } = claim;
    const { listener, signal } = this.#work;
    const begin = performance.now();
    const own = new AbortController();
    let isLost = false;
    const hold = holdClaim(this.#queue, claim, {
      onLost: () => {
        isLost = true;
        own.abort();
      },
      onLong: () => own.abort(),
    });
    listener.began(item);
    const outcome = await this.#outcome(item, AbortSignal.any([signal, own.signal]));
    const isOurs = !isLost && (await this.#settle(claim, outcome));
    hold.stop();
    listener.ended(item, isOurs ? outcome : "lost", (performance.now() - begin) / 1_000);
  }

  async #outcome(item: Item, signal: AbortSignal): Promise<Outcome> {
    const { jobs, targets, options, listener, explain } = this.#work;
    if (!targets.serves(item.target))
      return { kind: "refused", words: "this worker does not serve this target" };
    try {
      const address = await targets.find(item.target);
      if (address === null)
        return { kind: "refused", words: `this worker's tidefill.targets.ts has no target ${item.target}` };
      const how = { ...options, ...address, signal, exitWhenClosed: true };
      const outcome = await doItem(item, jobs, { ...how, onEvent: listener.runListeners(item) }, explain);
      // What a stop has cut short was no attempt.
      const isCut = signal.aborted && outcome.kind === "failed";
      const words = this.#work.withTarget(item.target, outcome.words);
      return isCut ? { kind: "later", words, at: new Date() } : { ...outcome, words };
    } catch (error) {
      // Another machine may know the address; the list of tenants may be away for a while.
      const { message } = explain(error);
      return error instanceof UsageError
        ? { kind: "refused", words: message }
        : { kind: "failed", words: message };
    }
  }

  /** Tries for a while: until the outcome is noted, another worker could only find that all is done. */
  async #settle(claim: Claim, outcome: Outcome): Promise<boolean> {
    const deadline = performance.now() + settleForMs;
    const refusedMs = outcome.kind === "refused" ? this.#refused.note(claim.item) : 0;
    for (;;) {
      try {
        return await settle(this.#queue, claim, outcome, refusedMs);
      } catch (error) {
        this.#work.listener.reached(error);
        if (performance.now() > deadline) return false;
        await new Promise((resolve) => setTimeout(resolve, pollMs));
      }
    }
  }

  async #tend(): Promise<void> {
    const { boss } = this.#queue;
    this.#tendedAt = performance.now();
    await this.#queue.transaction((tx) => tendRollouts(boss, tx));
    await sendDue(this.#queue, this.#work.targets, this.#work.listener.scheduleFailed);
    await forgetPlaces(this.#queue.db);
  }
}
