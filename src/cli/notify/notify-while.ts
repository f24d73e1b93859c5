import type { EngineEvent } from "../../engine/report/events.ts";
import { RefusedError, UsageError } from "../../errors.ts";
import { idOf, type Notice } from "../../notify/notice.ts";
import type { Receiver } from "../../notify/receiver.ts";
import { RunNotifier } from "../../notify/run-notifier.ts";
import { installedVersion } from "../../store/schema/store-schema.ts";
import { type Session, type SessionOptions, withSession } from "../../store/session.ts";
import { toTidefillError } from "../terminal/to-tidefill-error.ts";
import { withTypedOptions } from "../terminal/typed-options.ts";
import { Teller } from "./teller.ts";

const lookEveryMs = 30_000;

/** Where notices come from, and who is told. */
export interface Notified {
  readonly receiver: Receiver | null;
  readonly target: string | null;
  /** null where the job's file is not needed */
  readonly job: string | null;
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
  notified: Notified,
  address: SessionOptions,
  work: (telling: Telling) => Promise<T>,
): Promise<T> {
  const { receiver, target } = notified;
  if (receiver === null) return work({ hear: () => {} });
  return withSession("tidefill notify", address, 2, async (session) => {
    const notifier = new RunNotifier(session, { receiver, target, typed: withTypedOptions });
    const untold: Notice[] = [];
    const teller = new Teller(lookEveryMs, async (signal) => {
      for (const notice of untold.splice(0)) await receiver.tell(notice, signal);
      if (!(await isInstalled(session))) return [];
      await notifier.note();
      return notifier.tell(signal);
    });
    const watching = new Map<bigint, Promise<void>>();
    const watch = (run: bigint): void => {
      if (!watching.has(run))
        watching.set(
          run,
          notifier.watch(run).catch(() => {}),
        );
    };
    // Before a run goes on, what has happened to it is written down.
    if (await isInstalled(session).catch(() => false)) await notifier.note().catch(() => {});
    teller.start();
    try {
      const result = await work({
        hear: (event) => {
          // The verify of a stage is told by its run's own notice. An undo may first undo later, empty runs.
          if (event.type === "run started" && (watching.size === 0 || event.kind !== "verify"))
            watch(event.run);
        },
      });
      // A job with steps only starts no workers.
      if (watching.size === 0) watch(BigInt(result.run));
      return result;
    } catch (error) {
      if (watching.size === 0 && !(error instanceof RefusedError || error instanceof UsageError))
        untold.push(noticeOfError(error, notified));
      throw error;
    } finally {
      await Promise.all(watching.values());
      await teller.stop();
    }
  });
}

async function isInstalled({ db, store }: Session): Promise<boolean> {
  return (await installedVersion(db, store.schema)) !== null;
}

/** A step that fails before there is a run leaves nothing in the store: it is told once, by this process. */
function noticeOfError(thrown: unknown, { target, job }: Notified): Notice {
  const { message, remedy = null } = toTidefillError(thrown);
  const at = new Date().toISOString();
  return {
    id: idOf([target ?? "", job ?? "", at]),
    event: "failed",
    at,
    target,
    database: null,
    job,
    run: null,
    text: job === null ? message : `${job}: ${message}`,
    remedy: remedy === null ? null : withTypedOptions(remedy),
    report: null,
  };
}
