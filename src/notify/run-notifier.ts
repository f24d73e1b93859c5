import { type RunReport, readReport } from "../engine/report/run-report.ts";
import { sql } from "../postgres/sql/sql.ts";
import { isFinished } from "../store/runs/run-status.ts";
import type { Session } from "../store/session.ts";
import { eventsOf, type Notice, noticeOf } from "./notice.ts";
import type { Receiver } from "./receiver.ts";

interface Options {
  readonly receiver: Receiver;
  readonly target: string | null;
  /** the commands in a text with the options that they need */
  readonly typed: (text: string) => string;
}

/**
 * Tells a receiver what happens to the runs of a database that are watched. What is due follows from the state of
 * the runs and is written down first; it stays until the receiver has taken it, whatever process tells it.
 */
export class RunNotifier {
  readonly #session: Session;
  readonly #options: Options;
  #database: string | null = null;

  constructor(session: Session, options: Options) {
    this.#session = session;
    this.#options = options;
  }

  /** From now on the receiver is told of this run. What is due before is written down by `note`. */
  async watch(run: bigint): Promise<void> {
    const { db, store } = this.#session;
    await store.notices.watch(db, run);
  }

  /** The same for all runs at work, and those that were created after `run`; answers the newest run. */
  async watchNew(run: bigint | null): Promise<bigint> {
    const { db, store } = this.#session;
    return store.notices.watchNew(db, run);
  }

  /** Writes down what is due. */
  async note(): Promise<void> {
    const { db, store } = this.#session;
    for (const id of await store.notices.watchedRuns(db)) {
      // Before the run: another process may go on with it meanwhile, and end what lasts.
      const lasting = await store.notices.lasting(db, id);
      const run = await store.runs.find(db, id);
      if (run !== null) await this.#noteOf(await readReport(this.#session, run), lasting);
    }
  }

  /**
   * Tells what is written down, until `signal` fires; answers what could not be told, as sentences. Where a receiver
   * does not answer, the rest waits for a later look.
   */
  async tell(signal: AbortSignal): Promise<readonly string[]> {
    const { db, store } = this.#session;
    while (!signal.aborted) {
      const stored = await store.notices.claim(db);
      if (stored === null) return [];
      const problem = await this.#options.receiver.tell(JSON.parse(stored.notice) as Notice, signal);
      await store.notices.settle(db, stored, problem === null);
      if (problem !== null) return [problem];
    }
    return [];
  }

  async #noteOf(report: RunReport, lasting: readonly string[]): Promise<void> {
    const { db, store } = this.#session;
    const run = BigInt(report.run);
    const due = eventsOf(report);
    await store.notices.end(db, run, due);
    for (const event of due.filter((each) => !lasting.includes(each))) {
      const occurrence = (await store.notices.count(db, run, event)) + 1;
      const { target, typed } = this.#options;
      const notice = noticeOf(report, event, {
        target,
        typed,
        occurrence,
        database: await this.#nameOfDatabase(),
      });
      await store.notices.add(db, { run, event, occurrence, notice: JSON.stringify(notice) });
    }
    if (isFinished(report.status)) await store.notices.unwatch(db, run);
  }

  async #nameOfDatabase(): Promise<string> {
    if (this.#database !== null) return this.#database;
    const { rows } = await this.#session.db.query(sql`select pg_catalog.current_database() as name`);
    this.#database = rows[0]?.name ?? "";
    return this.#database;
  }
}
