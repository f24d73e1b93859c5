import type { QueueDb } from "../../fleet/queue/queue.ts";
import { QueueNotifier } from "../../notify/queue-notifier.ts";
import type { Receiver } from "../../notify/receiver.ts";
import { RunNotifier } from "../../notify/run-notifier.ts";
import { installedVersion } from "../../store/schema/store-schema.ts";
import type { Session } from "../../store/session.ts";
import { withTarget, withTypedOptions } from "../terminal/typed-options.ts";
import { sayFailed, sayUntold } from "./say-untold.ts";

const lookEveryMs = 10_000;

/** A database whose runs are told of. */
interface NotifiedTarget {
  /** null where there is no list of targets */
  readonly name: string | null;
  /** may write tidefill's table `notice` */
  readonly session: Session;
}

type Told = NotifiedTarget & { readonly notifier: RunNotifier; newest: bigint | null };

/** Tells a receiver of all runs of these databases, whatever works on them: also of processes that vanish. */
export class TargetsNotifier {
  readonly #targets: readonly Told[];
  readonly #queue: QueueNotifier | null;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | null = null;

  constructor(receiver: Receiver, targets: readonly NotifiedTarget[], queue: QueueDb | null) {
    this.#targets = targets.map((target) => ({
      ...target,
      newest: null,
      notifier: new RunNotifier(target.session, {
        receiver,
        target: target.name,
        typed: (text) => (target.name === null ? withTypedOptions(text) : withTarget(target.name, text)),
      }),
    }));
    this.#queue = queue === null ? null : new QueueNotifier(queue, receiver);
  }

  start(): void {
    const look = (): void => {
      this.#looking ??= this.#look().finally(() => {
        this.#looking = null;
      });
    };
    look();
    this.#timer = setInterval(look, lookEveryMs);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  async #look(): Promise<void> {
    await Promise.all(this.#targets.map((target) => this.#lookAt(target).catch(sayFailed)));
    await this.#queue?.tellAll().then((problems) => problems.forEach(sayUntold), sayFailed);
  }

  async #lookAt(target: Told): Promise<void> {
    const { db, store } = target.session;
    if ((await installedVersion(db, store.schema)) === null) return;
    target.newest = await target.notifier.watchNew(target.newest);
    for (const problem of await target.notifier.tellAll()) sayUntold(problem);
  }
}
