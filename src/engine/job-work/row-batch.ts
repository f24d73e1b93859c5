import { NotCommittedError } from "../../errors.ts";
import type { KeyText } from "../../postgres/catalog/key.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { ReadableSource, SourceRow } from "../../source/readable-source.ts";
import type { Batch, BatchOutcome, BatchWork } from "../batch/batch-work.ts";
import { PortionSize } from "../rows/portion-size.ts";
import { ReadBudget } from "../rows/read-budget.ts";
import type { RowTransform } from "../rows/row-transform.ts";
import type { RowWrite, WrittenRows } from "../rows/row-write.ts";
import { Verdicts } from "../rows/verdicts.ts";

/**
 * The batch of a row job: read, transform, write. Drops each row as soon as it is transformed. Rows that
 * another session has changed between the read and the write are read and done again, under locks.
 */
export class RowBatch implements BatchWork {
  readonly #source: ReadableSource;
  readonly #transform: RowTransform;
  readonly #write: RowWrite;
  readonly #portion = new PortionSize();

  constructor(source: ReadableSource, transform: RowTransform, write: RowWrite) {
    this.#source = source;
    this.#transform = transform;
    this.#write = write;
  }

  reasonAt(key: KeyText, reason: string): string {
    return this.#write.placed(key, reason);
  }

  async do(tx: Transaction, batch: Batch): Promise<BatchOutcome> {
    const { bounds } = batch;
    const { versions } = this.#source;
    const isByVersion = versions !== undefined && !versions.updates.isThere;
    const whole =
      versions === undefined || isByVersion
        ? this.#source.read(tx, bounds, this.#portionRows)
        : versions.readLocked(tx, bounds, this.#portionRows);
    const reading = { portions: whole, areLocked: !isByVersion, isWhole: true };
    const first = await this.#pass(tx, batch, reading);
    if (first.changed.length === 0 || !isByVersion) return first.outcome;
    const portions = versions.readAgain(tx, bounds, first.changed, this.#portionRows);
    const second = await this.#pass(tx, batch, { portions, areLocked: true, isWhole: false });
    if (second.changed.length > 0) throw new NotCommittedError("locked rows have changed");
    return both(first.outcome, second.outcome, first.changed.length);
  }

  readonly #portionRows = (): number => this.#portion.rows;

  /** Reads, transforms and writes. Returns the keys of the rows that were no longer as they were read, too. */
  async #pass(
    tx: Transaction,
    { bounds, expected, sweep, clock }: Batch,
    { portions, areLocked, isWhole }: Reading,
  ): Promise<WrittenRows> {
    const verdicts = new Verdicts();
    const budget = new ReadBudget(expected, this.#portion);
    try {
      for (;;) {
        const portion = await clock.during("read", () => portions.next());
        if (portion.done === true) break;
        budget.spend(portion.value);
        await clock.during("transform", () => this.#transform.apply(portion.value, verdicts));
      }
    } finally {
      // The second reading is of a few rows, and says nothing about the width of a batch.
      if (isWhole) this.#source.walk.saw?.(expected, budget.bytes);
      await portions.return(undefined);
    }
    const write = { bounds, sweep, clock, read: budget.rows, areLocked };
    return this.#write.of(tx, verdicts, write);
  }
}

/** One reading of a batch's rows. */
interface Reading {
  readonly portions: AsyncGenerator<readonly SourceRow[]>;
  readonly areLocked: boolean;
  /** whether these are all rows of the batch */
  readonly isWhole: boolean;
}

/** The sum of two passes over a batch, in which `twice` rows were met by both. */
function both(first: BatchOutcome, second: BatchOutcome, twice: number): BatchOutcome {
  return {
    read: first.read - twice + second.read,
    written: first.written + second.written,
    unchanged: first.unchanged + second.unchanged,
    skipped: first.skipped + second.skipped,
    conflicted: first.conflicted + second.conflicted,
    rejects: [...first.rejects, ...second.rejects],
    swallowed: first.swallowed + second.swallowed,
    freed: null,
    notes: [],
    isAsync: first.isAsync || second.isAsync,
  };
}
