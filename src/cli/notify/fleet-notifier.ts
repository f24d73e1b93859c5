import type { EngineEvent } from "../../engine/report/events.ts";
import { ownTarget } from "../../fleet/queue/item.ts";
import type { Queue } from "../../fleet/queue/queue.ts";
import type { WorkerTargets } from "../../fleet/work/worker-targets.ts";
import { QueueNotifier } from "../../notify/queue-notifier.ts";
import type { Receiver } from "../../notify/receiver.ts";
import { RunNotifier } from "../../notify/run-notifier.ts";
import { withSession } from "../../store/session.ts";
import { withTarget, withTypedOptions } from "../terminal/typed-options.ts";
import { sayFailed, sayUntold } from "./say-untold.ts";

const lookEveryMs = 15_000;

/** Tells a receiver what happens to the runs of a worker of the fleet, to dead letters, and to waves. */
export class FleetNotifier {
  readonly #receiver: Receiver;
  readonly #targets: WorkerTargets;
  readonly #queue: QueueNotifier;
  /** what is under way, by target: one after the other */
  readonly #tasks = new Map<string, Promise<void>>();
  #timer: NodeJS.Timeout | undefined;

  constructor(receiver: Receiver, { db }: Queue, targets: WorkerTargets) {
    this.#receiver = receiver;
    this.#targets = targets;
    this.#queue = new QueueNotifier(db, receiver);
  }

  start(): void {
    this.#timer = setInterval(() => this.#enter("the queue", () => this.#queue.tellAll()), lookEveryMs);
  }

  /** An event of a run on a target. */
  hear(target: string, event: EngineEvent): void {
    if (event.type === "run started") this.#inTarget(target, (notifier) => notifier.watch(event.run));
  }

  /** A worker is done with an item of this target. */
  ended(target: string): void {
    this.#inTarget(target, async () => {});
  }

  /** Waits until all that is due was told, or could not be told. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#enter("the queue", () => this.#queue.tellAll());
    await Promise.all(this.#tasks.values());
  }

  #inTarget(target: string, work: (notifier: RunNotifier) => Promise<void>): void {
    this.#enter(target, async () => {
      const address = await this.#targets.find(target);
      if (address === null) return [];
      const isOwn = target === ownTarget;
      const typed = (text: string): string => (isOwn ? withTypedOptions(text) : withTarget(target, text));
      return withSession("tidefill notify", address, 1, async (session) => {
        const notifier = new RunNotifier(session, {
          receiver: this.#receiver,
          target: isOwn ? null : target,
          typed,
        });
        await work(notifier);
        return notifier.tellAll();
      });
    });
  }

  #enter(name: string, work: () => Promise<readonly string[]>): void {
    const before = this.#tasks.get(name) ?? Promise.resolve();
    const task = before.then(work).then((problems) => problems.forEach(sayUntold), sayFailed);
    this.#tasks.set(name, task);
  }
}
