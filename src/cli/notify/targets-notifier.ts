import { messageOf } from "../../errors.ts";
import type { Queue } from "../../fleet/queue/queue.ts";
import { QueueNotifier } from "../../notify/queue-notifier.ts";
import type { Receiver } from "../../notify/receiver.ts";
import { RunNotifier } from "../../notify/run-notifier.ts";
import { installedVersion } from "../../store/schema/store-schema.ts";
import type { Session } from "../../store/session.ts";
import { withTarget, withTypedOptions } from "../terminal/typed-options.ts";
import { Teller } from "./teller.ts";

const lookEveryMs = 10_000;
/** After an outage all processes look as if they had vanished, until their next heartbeats. */
const quietMs = 15_000;

/** A database whose runs are told of. */
interface NotifiedTarget {
  /** null where there is no list of targets */
  readonly name: string | null;
  /** may write tidefill's table `notice` */
  readonly session: Session;
}

type Told = NotifiedTarget & { readonly notifier: RunNotifier; newest: bigint | null; quietUntil: number };

/** Tells a receiver of all runs of these databases, whatever works on them: also of processes that vanish. */
export class TargetsNotifier {
  readonly #targets: readonly Told[];
  readonly #receiver: Receiver;
  readonly #queue: () => Promise<Queue | null>;
  readonly #teller: Teller;

  constructor(receiver: Receiver, targets: readonly NotifiedTarget[], queue: () => Promise<Queue | null>) {
    this.#receiver = receiver;
    this.#queue = queue;
    this.#targets = targets.map((target) => ({
      ...target,
      newest: null,
      quietUntil: 0,
      notifier: new RunNotifier(target.session, {
        receiver,
        target: target.name,
        typed: (text) => (target.name === null ? withTypedOptions(text) : withTarget(target.name, text)),
      }),
    }));
    this.#teller = new Teller(lookEveryMs, (signal) => this.#tell(signal));
  }

  /** The host that is told. */
  get host(): string {
    return this.#receiver.host;
  }

  start(): void {
    this.#teller.start();
  }

  async stop(): Promise<void> {
    await this.#teller.stop();
  }

  /** What happens in all targets is written down first: a receiver that hangs must not hide it. */
  async #tell(signal: AbortSignal): Promise<readonly string[]> {
    const noted = await Promise.allSettled(this.#targets.map((target) => this.#noteIn(target)));
    const failed = noted.flatMap((each) => (each.status === "rejected" ? [messageOf(each.reason)] : []));
    for (const { notifier } of this.#targets.filter((_, place) => noted[place]?.status === "fulfilled")) {
      const problems = await notifier.tell(signal);
      if (problems.length > 0) return [...failed, ...problems];
    }
    const queue = await this.#queue();
    if (queue === null) return failed;
    return [...failed, ...(await new QueueNotifier(queue.db, this.#receiver).tell(signal))];
  }

  async #noteIn(target: Told): Promise<void> {
    const { db, store } = target.session;
    if (performance.now() < target.quietUntil) return;
    try {
      if ((await installedVersion(db, store.schema)) === null) return;
      target.newest = await target.notifier.watchNew(target.newest);
      await target.notifier.note();
    } catch (error) {
      target.quietUntil = performance.now() + quietMs;
      throw error;
    }
  }
}
