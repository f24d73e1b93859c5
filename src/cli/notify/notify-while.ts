import type { EngineEvent } from "../../engine/report/events.ts";
import type { Receiver } from "../../notify/receiver.ts";
import { RunNotifier } from "../../notify/run-notifier.ts";
import { installedVersion } from "../../store/schema/store-schema.ts";
import { type SessionOptions, withSession } from "../../store/session.ts";
import { withTypedOptions } from "../terminal/typed-options.ts";
import { sayFailed, sayUntold } from "./say-untold.ts";

const lookEveryMs = 30_000;

/** Where notices come from, and who is told. */
export interface Notified {
  readonly receiver: Receiver | null;
  readonly target: string | null;
}

/** What `work` needs to have the runs told that it works on. */
export interface Telling {
  readonly hear: (event: EngineEvent) => void;
}

/**
 * Calls `work`, and tells a receiver what happens to the runs that it works on: what an earlier process did not get
 * to tell, then what is due while it works, and how it ended. A receiver that is away never harms a run.
 */
export async function notifyWhile<T extends { readonly run: number }>(
  { receiver, target }: Notified,
  address: SessionOptions,
  work: (telling: Telling) => Promise<T>,
): Promise<T> {
  if (receiver === null) return work({ hear: () => {} });
  return withSession("tidefill notify", address, 1, async (session) => {
    const notifier = new RunNotifier(session, { receiver, target, typed: withTypedOptions });
    const look = async (): Promise<void> => {
      if ((await installedVersion(session.db, session.store.schema)) === null) return;
      for (const problem of await notifier.tellAll()) sayUntold(problem);
    };
    const watching = new Map<number, Promise<void>>();
    const watch = (run: number): Promise<void> => {
      const begun = watching.get(run) ?? notifier.watch(BigInt(run)).catch(sayFailed);
      watching.set(run, begun);
      return begun;
    };
    await look().catch(sayFailed);
    const timer = setInterval(() => void look().catch(sayFailed), lookEveryMs);
    try {
      const result = await work({
        hear: (event) => {
          // A later one is the verify of a stage, which the run's own notice tells.
          if (event.type === "run started" && watching.size === 0) void watch(Number(event.run));
        },
      });
      // A job with steps only starts no workers.
      await watch(result.run);
      return result;
    } finally {
      clearInterval(timer);
      await Promise.all(watching.values());
      await look().catch(sayFailed);
    }
  });
}
