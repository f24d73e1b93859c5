import { readReport } from "../engine/report/run-report.ts";
import type { Session } from "../store/session.ts";
import { eventsOf, isLast, noticeOf, type RunEvent, runEvents } from "./notice.ts";
import type { Receiver } from "./receiver.ts";

interface Options {
  readonly receiver: Receiver;
  readonly target: string | null;
  /** the commands in a text with the options that they need */
  readonly typed: (text: string) => string;
}

/**
 * Tells a receiver what happens to the runs of a database that are watched. What is due follows from the state of
 * the runs, and what was told is written down: when a process is killed before it has told something, the next
 * look of any process tells it.
 */
export class RunNotifier {
  readonly #session: Session;
  readonly #options: Options;

  constructor(session: Session, options: Options) {
    this.#session = session;
    this.#options = options;
  }

  /** From now on the receiver is told of this run. */
  async watch(run: bigint): Promise<void> {
    const { db, store } = this.#session;
    await store.notices.watch(db, run);
  }

  /** The same for all runs that have not ended, and those that were created after `run`; answers the newest run. */
  async watchNew(run: bigint | null): Promise<bigint> {
    const { db, store } = this.#session;
    return store.notices.watchNew(db, run);
  }

  /** Tells all that is due; answers what could not be told, as sentences. */
  async tellAll(): Promise<readonly string[]> {
    const { db, store } = this.#session;
    const problems: string[] = [];
    for (const run of await store.notices.watchedRuns(db)) problems.push(...(await this.#tellOf(run)));
    return problems;
  }

  async #tellOf(id: bigint): Promise<readonly string[]> {
    const { db, store } = this.#session;
    const run = await store.runs.find(db, id);
    if (run === null) return [];
    const report = await readReport(this.#session, run);
    const due = eventsOf(report);
    const told = await store.notices.told(db, id);
    // What is over may happen again.
    for (const event of runEvents)
      if (told.includes(event) && !due.includes(event)) await store.notices.forget(db, id, event);
    const problems: string[] = [];
    for (const event of due.filter((each) => !told.includes(each))) {
      const { receiver, target, typed } = this.#options;
      const problem = await this.#tell(id, event, () =>
        receiver.tell(noticeOf(report, event, target, typed)),
      );
      if (problem !== null) problems.push(problem);
    }
    const now = await store.notices.told(db, id);
    // Another process may be telling it just now, and may fail.
    if (isLast(report) && due.every((event) => now.includes(event))) await store.notices.unwatch(db, id);
    return problems;
  }

  async #tell(run: bigint, event: RunEvent, tell: () => Promise<string | null>): Promise<string | null> {
    const { db, store } = this.#session;
    if (!(await store.notices.claim(db, run, event))) return null;
    const problem = await tell();
    await store.notices.settle(db, run, event, problem === null);
    return problem;
  }
}
