import { setTimeout as delay } from "node:timers/promises";
import type { Database, Queryable, Transaction } from "../../postgres/transaction/database.ts";
import type { AnswerTable, StoredAnswer } from "../../store/answers.ts";
import type { Store } from "../../store/store.ts";
import type { RowAnswer } from "../rows/row-answers.ts";
import type { AskedRow } from "./call.ts";

/** What is known about a row: its answer, or only that a call about it may have been made. */
export interface Known {
  readonly input: string;
  readonly answer: RowAnswer | null;
}

/** Where answers are written down. */
export interface AnswerShelf {
  find(db: Queryable, ids: readonly string[]): Promise<ReadonlyMap<string, Omit<StoredAnswer, "key">>>;
  keep(db: Transaction, answers: readonly StoredAnswer[]): Promise<void>;
  /** Claims rows for calls that begin now; returns the ids of those that had no claim and no answer. */
  claim(db: Queryable, rows: readonly StoredAnswer[]): Promise<readonly string[]>;
  use(tx: Transaction, ids: readonly string[]): Promise<void>;
  drop(tx: Transaction, ids: readonly string[]): Promise<void>;
}

/** The answers of a run, which outlive the process that was given them. */
export function shelfOfRun(store: Store, to: AnswerTable, areKept: boolean): AnswerShelf {
  return {
    find: (db, ids) => store.answers.find(db, to, ids),
    keep: (db, answers) => store.answers.keep(db, to, answers),
    claim: (db, rows) => store.answers.claim(db, to.table, rows),
    use: (tx, ids) => store.answers.use(tx, to.table, ids, areKept),
    drop: (tx, ids) => store.answers.use(tx, to.table, ids, false),
  };
}

/** The answers of a job's dry runs, which its next run takes over. */
export function shelfOfDryRun(store: Store, job: string): AnswerShelf {
  return {
    find: (db, ids) => store.answers.findDry(db, job, ids),
    keep: (db, answers) => store.answers.keepDry(db, job, answers),
    claim: async () => [],
    use: async () => {},
    drop: async () => {},
  };
}

/** Answers that are kept nowhere else: for a dry run in a database without tidefill's schema. */
export const noShelf: AnswerShelf = {
  find: async () => new Map(),
  keep: async () => {},
  claim: async () => [],
  use: async () => {},
  drop: async () => {},
};

/** The answers that wait for the batch that writes them: written down as they come, several at once. */
export class KeptAnswers {
  readonly #db: Database;
  readonly #shelf: AnswerShelf;
  /** answers that are not yet written down, by `answerId` */
  readonly #noted = new Map<string, StoredAnswer>();
  /** the ids of those that are being written */
  readonly #underWay = new Set<string>();
  /** why calls of this process failed, so that its sweeps do not make them again; never written down */
  readonly #failures = new Map<string, Known>();
  readonly #writes = new Set<Promise<void>>();
  /** the write that the answers noted now will be part of */
  #next: Promise<void> | null = null;
  #isFailing = false;

  constructor(db: Database, shelf: AnswerShelf) {
    this.#db = db;
    this.#shelf = shelf;
  }

  /** Whether answers could not be written down the last time: more of them should not be paid for. */
  get isFailing(): boolean {
    return this.#isFailing;
  }

  /** What is known about these rows, by `answerId`. */
  async find(db: Queryable, ids: readonly string[]): Promise<ReadonlyMap<string, Known>> {
    const found = new Map<string, Known>();
    for (const [id, each] of await this.#shelf.find(db, ids)) found.set(id, knownOf(each));
    for (const id of ids) {
      const noted = this.#noted.get(id);
      const failure = this.#failures.get(id);
      if (noted !== undefined) found.set(id, knownOf(noted));
      else if (failure !== undefined) found.set(id, failure);
    }
    return found;
  }

  /** Notes an answer; `flush` or the next `written` writes it down. */
  note({ id, key, input }: AskedRow, answer: RowAnswer): void {
    this.#noted.set(id, { key, input, answer: JSON.stringify(answer) });
  }

  /** Notes that a call failed for good: only for this process, since a later one may have more luck. */
  failed({ id, input }: AskedRow, reject: string): void {
    this.#failures.set(id, { input, answer: { reject } });
  }

  /** Resolves when all that is noted is written down, together with what comes within so many milliseconds. */
  async written(withinMs: number): Promise<void> {
    this.#next ??= delay(withinMs).then(() => {
      this.#next = null;
      return this.flush();
    });
    // A failure shows in `isFailing`, and what was noted waits for the next write.
    await this.#next.catch(() => {});
  }

  /** Writes down that calls about these rows begin now. Returns those that no other process has claimed. */
  async claim(asked: readonly AskedRow[]): Promise<readonly AskedRow[]> {
    const rows = asked.map(({ key, input }) => ({ key, input, answer: null }));
    const ids = new Set(await this.#db.transaction((tx) => this.#shelf.claim(tx, rows)));
    return asked.filter(({ id }) => ids.has(id));
  }

  /** Writes down all that is noted by now. @throws PostgreSQL's error; nothing that was noted is lost */
  async flush(): Promise<void> {
    const due = [...this.#noted];
    do {
      this.#begin();
      const ended = await Promise.allSettled(this.#writes);
      for (const each of ended) if (each.status === "rejected") throw each.reason;
      // A row whose earlier answer was being written has its turn after that.
    } while (due.some(([id, answer]) => this.#noted.get(id) === answer));
  }

  /** Begins to write what is not being written yet. Several writes may be under way, never of the same row. */
  #begin(): void {
    const open = [...this.#noted].filter(([id]) => !this.#underWay.has(id));
    if (open.length === 0) return;
    const write = this.#write(open);
    this.#writes.add(write);
    void write.catch(() => {}).finally(() => this.#writes.delete(write));
  }

  async #write(answers: readonly (readonly [string, StoredAnswer])[]): Promise<void> {
    for (const [id] of answers) this.#underWay.add(id);
    try {
      await this.#keep(answers.map(([, answer]) => answer));
      for (const [id, answer] of answers) if (this.#noted.get(id) === answer) this.#noted.delete(id);
      this.#isFailing = false;
    } catch (error) {
      this.#isFailing = true;
      throw error;
    } finally {
      for (const [id] of answers) this.#underWay.delete(id);
    }
  }

  async #keep(answers: readonly StoredAnswer[]): Promise<void> {
    await this.#db.transaction((tx) => this.#shelf.keep(tx, answers), { statementMs: 10_000 });
  }

  /** Drops the answers of rows that a batch has written, in its transaction. */
  async use(tx: Transaction, ids: readonly string[]): Promise<void> {
    await this.#shelf.use(tx, ids);
  }

  /** Drops the answers of rows that have gone, also where answers are kept. */
  async drop(tx: Transaction, ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await this.#shelf.drop(tx, ids);
  }
}

function knownOf({ input, answer }: Omit<StoredAnswer, "key">): Known {
  return { input, answer: answer === null ? null : (JSON.parse(answer) as RowAnswer) };
}
