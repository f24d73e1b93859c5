import { itemName } from "../fleet/queue/item.ts";
import type { QueueDb } from "../fleet/queue/queue.ts";
import { queueSchema } from "../fleet/queue/queue-tables.ts";
import { type QueuedItem, type RolloutState, readItems, readRollouts } from "../fleet/queue/read-queue.ts";
import { idOf, type Notice } from "./notice.ts";
import type { Receiver } from "./receiver.ts";

/** A process that claims a notice and vanishes leaves it to another one after so long. */
const claimMs = 60_000;

/** Tells a receiver of dead letters, and of waves that have stopped: each at least once. */
export class QueueNotifier {
  readonly #db: QueueDb;
  readonly #receiver: Receiver;

  constructor(db: QueueDb, receiver: Receiver) {
    this.#db = db;
    this.#receiver = receiver;
  }

  /** Tells what is due until `signal` fires; answers what could not be told, as sentences. */
  async tell(signal: AbortSignal): Promise<readonly string[]> {
    const dead = (await readItems(this.#db)).filter(({ state }) => state === "dead");
    const stopped = (await readRollouts(this.#db)).filter(({ state }) => state === "stopped");
    const due = [...dead.map(noticeOfItem), ...stopped.map(noticeOfWaves)];
    for (const { subject, notice } of due) {
      const problem = signal.aborted ? null : await this.#tell(subject, notice, signal);
      if (problem !== null) return [problem];
    }
    await this.#forget(due.map(({ subject }) => subject));
    return [];
  }

  async #tell(subject: string, notice: Notice, signal: AbortSignal): Promise<string | null> {
    if (!(await this.#claim(subject))) return null;
    const problem = await this.#receiver.tell(notice, signal);
    await this.#db.executeSql(
      `update ${queueSchema}.tidefill_notice
      set sent_at = case when $2::boolean then pg_catalog.clock_timestamp() end, claimed_at = null
      where subject = $1`,
      [subject, problem === null],
    );
    return problem;
  }

  async #claim(subject: string): Promise<boolean> {
    const { rows } = await this.#db.executeSql(
      `insert into ${queueSchema}.tidefill_notice as known (subject, claimed_at)
      values ($1, pg_catalog.clock_timestamp())
      on conflict (subject) do update
      set claimed_at = pg_catalog.clock_timestamp()
      where known.sent_at is null
        and (known.claimed_at is null
          or known.claimed_at < pg_catalog.clock_timestamp() - $2::float8 * interval '1 ms')
      returning subject`,
      [subject, claimMs],
    );
    return rows.length > 0;
  }

  /** What was told of dead letters and waves that are gone is forgotten after a while. */
  async #forget(due: readonly string[]): Promise<void> {
    await this.#db.executeSql(
      `delete from ${queueSchema}.tidefill_notice
      where subject <> all($1::text[])
        and at < pg_catalog.clock_timestamp() - interval '1 day'`,
      [due],
    );
  }
}

function noticeOfItem({ id, item, words }: QueuedItem): {
  readonly subject: string;
  readonly notice: Notice;
} {
  const subject = `dead letter ${id}`;
  return {
    subject,
    notice: {
      ...named(subject, item.job),
      event: "dead-letter",
      target: item.target,
      run: item.failure?.run ?? null,
      text: `${itemName(item)} is a dead letter: ${words ?? "its workers vanished too often"}`,
      remedy: `Mend the cause, then: tidefill queue retry ${id.slice(0, 8)}   or: tidefill queue drop ${id.slice(0, 8)}`,
    },
  };
}

function noticeOfWaves({ id, job, wave, waves, message }: RolloutState): {
  readonly subject: string;
  readonly notice: Notice;
} {
  const subject = `waves ${id} stopped`;
  return {
    subject,
    notice: {
      ...named(subject, job),
      event: "waves-stopped",
      target: null,
      run: null,
      text: `the waves of ${job} have stopped at ${wave + 1} of ${waves}: ${message ?? "by an operator"}`,
      remedy: "tidefill queue   shows which targets failed",
    },
  };
}

function named(subject: string, job: string | null) {
  return { id: idOf([subject]), at: new Date().toISOString(), job, database: null, report: null };
}
