import type { Bounds, KeyText } from "../../postgres/catalog/key.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import { BadRecord, type SourceRow, type TextRow } from "../../source/readable-source.ts";
import type { AskControl, Asked } from "../batch/batch-work.ts";
import type { RowAnswer } from "../rows/row-answers.ts";
import { type Asker, inDoubt } from "./asker.ts";
import type { AskedRow } from "./call.ts";
import type { KeptAnswers, Known } from "./kept-answers.ts";

/** A row that has changed so often while it was asked about is rejected. */
const mostChanges = 5;

/** What a row of the batch comes to. */
export interface Answered {
  /** as it is now */
  readonly row: TextRow;
  readonly answer: RowAnswer;
}

/** How the rows of a batch are read again, and how often they have changed. */
export interface Rereading {
  /** reads the rows within the bounds in key order, under locks where they are written */
  readonly read: (tx: Transaction, bounds: Bounds) => Promise<readonly SourceRow[]>;
  readonly asAsked: (row: TextRow) => AskedRow;
  /** how often each row has changed while it was asked about, by `answerId` */
  readonly changes: Map<string, number>;
}

/** A row as it was read, with its place among the rows of its batch. */
interface LookedRow extends AskedRow {
  readonly at: number;
  answer: RowAnswer | null;
}

/** The rows of one batch, as they were read, and what other systems said about them. */
export class AskedRows implements Asked {
  readonly #rows: readonly LookedRow[];
  readonly #asker: Asker;
  readonly #kept: KeptAnswers;
  readonly #again: Rereading;
  /** the rows up to the batch's end, with their answers */
  confirmed: readonly Answered[] = [];
  /** records up to the batch's end that cannot be rows */
  bad: readonly BadRecord[] = [];
  /** `answerId` of each row up to the batch's end whose answer is needed no longer */
  used: readonly string[] = [];
  /** `answerId` of each row up to the batch's end that has gone since, or is in scope no more */
  gone: readonly string[] = [];

  constructor(
    rows: readonly AskedRow[],
    known: ReadonlyMap<string, Known>,
    { asker, kept, again }: { readonly asker: Asker; readonly kept: KeptAnswers; readonly again: Rereading },
  ) {
    this.#asker = asker;
    this.#kept = kept;
    this.#again = again;
    this.#rows = rows.map((row, at) => ({ ...row, at, answer: this.#knownAnswer(row, known.get(row.id)) }));
  }

  async ask(control: AskControl, isLost: () => boolean): Promise<boolean> {
    const open = this.#rows.filter(({ answer }) => answer === null);
    const answers = new Map(open.map((row) => [row.id, row]));
    try {
      await this.#asker.ask(open, { control, isLost }, ({ id }, answer) => {
        const row = answers.get(id);
        if (row !== undefined) row.answer = answer;
      });
    } finally {
      // Before the write, and also before a stop: an answer that is written down is not asked for again.
      await this.#kept.flush();
    }
    return open.every(({ answer }) => answer !== null);
  }

  async confirm(tx: Transaction, bounds: Bounds): Promise<"whole" | KeyText | null> {
    const looked = new Map(this.#rows.map((row) => [row.id, row]));
    const confirmed: Answered[] = [];
    const bad: BadRecord[] = [];
    const there = new Set<string>();
    let last: KeyText | null = null;
    let lastAt = -1;
    let isCut = false;
    for (const row of await this.#again.read(tx, bounds)) {
      if (row instanceof BadRecord) {
        bad.push(row);
        last = row.key;
        continue;
      }
      const now = this.#again.asAsked(row);
      const before = looked.get(now.id);
      const answer = before === undefined ? null : this.#answerNow(before, now.input);
      if (before === undefined || answer === null) {
        isCut = true;
        break;
      }
      confirmed.push({ row, answer });
      there.add(now.id);
      last = now.key;
      lastAt = before.at;
    }
    this.confirmed = confirmed;
    this.bad = bad;
    const passed = isCut ? this.#rows.slice(0, lastAt + 1) : this.#rows;
    this.gone = passed.filter(({ id }) => !there.has(id)).map(({ id }) => id);
    // A sweep meets rejected and skipped rows again: their answers stay, so that no call is repeated.
    this.used = passed
      .filter(({ id, answer }) => there.has(id) && answer !== null && "rows" in answer)
      .map(({ id }) => id);
    return isCut ? last : "whole";
  }

  /** A kept answer counts for the input that it was made from. With "at most once" a claim is never repeated. */
  #knownAnswer({ input }: AskedRow, known: Known | undefined): RowAnswer | null {
    if (known === undefined) return null;
    const { isAtMostOnce } = this.#asker.rules;
    if (known.answer === null) return isAtMostOnce ? { reject: inDoubt } : null;
    if (known.input === input) return known.answer;
    return isAtMostOnce ? { reject: changedSince } : null;
  }

  /** The answer for a row as it is now; null where another one is needed. */
  #answerNow({ id, input, answer }: LookedRow, inputNow: string): RowAnswer | null {
    if (inputNow === input) {
      this.#again.changes.delete(id);
      return answer;
    }
    if (this.#asker.rules.isAtMostOnce) return { reject: changedSince };
    const times = (this.#again.changes.get(id) ?? 0) + 1;
    this.#again.changes.set(id, times);
    return times < mostChanges ? null : { reject: "it changed while its answer was on its way, five times" };
  }
}

const changedSince = 'it changed after the call about it, and effects are "at most once"';
