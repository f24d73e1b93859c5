import type { EngineEvent } from "../../engine/report/events.ts";
import { ownTarget } from "../../fleet/queue/item.ts";
import type { Queue } from "../../fleet/queue/queue.ts";
import type { WorkerTargets } from "../../fleet/work/worker-targets.ts";
import { QueueNotifier } from "../../notify/queue-notifier.ts";
import type { Receiver } from "../../notify/receiver.ts";
import { RunNotifier } from "../../notify/run-notifier.ts";
import { withSession } from "../../store/session.ts";
import { withTarget, withTypedOptions } from "../terminal/typed-options.ts";
import { Teller } from "./teller.ts";

const lookEveryMs = 15_000;

/** Tells a receiver what happens to the runs of a worker of the fleet, to dead letters, and to waves. */
export class FleetNotifier {
  readonly #receiver: Receiver;
  readonly #targets: WorkerTargets;
  readonly #queue: QueueNotifier;
  readonly #teller: Teller;
  /** targets on which something is to be told */
  readonly #open = new Set<string>();
  /** runs that begin to be watched */
  #watching: Promise<void> = Promise.resolve();

  constructor(receiver: Receiver, { db }: Queue, targets: WorkerTargets) {
    this.#receiver = receiver;
    this.#targets = targets;
    this.#queue = new QueueNotifier(db, receiver);
    this.#teller = new Teller(lookEveryMs, (signal) => this.#tell(signal));
  }

  start(): void {
    this.#teller.start();
  }

  /** An event of a run on a target. */
  hear(target: string, event: EngineEvent): void {
    if (event.type !== "run started") return;
    const watch = () =>
      this.#inTarget(target, async (notifier) => {
        await notifier.note();
        await notifier.watch(event.run);
        return [];
      });
    this.#watching = this.#watching.then(watch).then(
      () => {},
      () => {},
    );
  }

  /** A worker is done with an item of this target. */
  ended(target: string): void {
    this.#open.add(target);
    this.#teller.look();
  }

  /** Tells the rest, and waits for that for a while. */
  async stop(): Promise<void> {
    await this.#teller.stop();
  }

  async #tell(signal: AbortSignal): Promise<readonly string[]> {
    await this.#watching;
    for (const target of this.#open) {
      const problems = await this.#inTarget(target, async (notifier) => {
        await notifier.note();
        return notifier.tell(signal);
      });
      if (problems.length > 0) return problems;
      this.#open.delete(target);
    }
    return this.#queue.tell(signal);
  }

  async #inTarget(
    target: string,
    work: (notifier: RunNotifier) => Promise<readonly string[]>,
  ): Promise<readonly string[]> {
    const address = await this.#targets.find(target);
    if (address === null) return [];
    const isOwn = target === ownTarget;
    const typed = (text: string): string => (isOwn ? withTypedOptions(text) : withTarget(target, text));
    return withSession("tidefill notify", address, 1, (session) =>
      work(new RunNotifier(session, { receiver: this.#receiver, target: isOwn ? null : target, typed })),
    );
  }
}
