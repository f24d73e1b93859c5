import { BatchTooBigError, NotCommittedError } from "../../errors.ts";
import type { KeyText } from "../../postgres/catalog/key.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { RowSink } from "../../sink/write/sink.ts";
import { BadRecord, type ReadableSource, reasonAt, type SourceRow } from "../../source/readable-source.ts";
import type { Reject } from "../../store/rejects/rejects.ts";
import { batchBytes } from "../batch/batch-limits.ts";
import type { Batch, BatchOutcome, BatchWork } from "../batch/batch-work.ts";
import type { TargetOf } from "../undo-log/image-target.ts";
import { PortionSize } from "./portion-size.ts";
import { type RowTransform, Verdicts } from "./row-transform.ts";
import { conflictReject, stillPendingError, swallowedReject } from "./sql-batch.ts";

/** How many more rows than expected a batch may read before it is too big. */
const rowsToSpare = 500;

/**
 * The batch of a row job: read, transform, write. Drops each row as soon as it is transformed. Rows that
 * another session has changed between the read and the write are read and done again, under locks.
 */
export class RowBatch implements BatchWork {
  readonly #source: ReadableSource;
  readonly #sink: RowSink;
  readonly #transform: RowTransform;
  readonly #targetOf: TargetOf;
  readonly #table: string;
  readonly #portion = new PortionSize();

  /** `table` is the name of the table that is written. */
  constructor(
    source: ReadableSource,
    sink: RowSink,
    transform: RowTransform,
    targetOf: TargetOf,
    table: string,
  ) {
    this.#table = table;
    this.#source = source;
    this.#sink = sink;
    this.#transform = transform;
    this.#targetOf = targetOf;
  }

  reasonAt(key: KeyText, reason: string): string {
    return reasonAt(this.#source, key, reason);
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
  ): Promise<Pass> {
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
    const { rows, keys, skipped, rejects } = verdicts;
    const done = await clock.during("write", () =>
      this.#sink.write(tx, { bounds, rows, keys, images: this.#targetOf(sweep), areLocked }),
    );
    if (done.stillPending > 0) throw stillPendingError(done.stillPending);
    const outcome = {
      read: budget.rows,
      written: done.written,
      unchanged: done.unchanged,
      skipped,
      conflicted: done.conflicted,
      rejects: [
        ...rejects,
        ...done.refused.map((key) => this.#placed(conflictReject(key))),
        ...done.swallowedKeys.map((key) => this.#placed(swallowedReject(key, this.#table))),
      ],
      swallowed: done.swallowed - done.swallowedKeys.length,
      freed: null,
      notes: [],
      isAsync: verdicts.isAsync,
    };
    return { outcome, changed: done.changed };
  }

  #placed(reject: Reject): Reject {
    return { ...reject, reason: this.reasonAt(reject.key, reject.reason) };
  }
}

/** One reading of a batch's rows. */
interface Reading {
  readonly portions: AsyncGenerator<readonly SourceRow[]>;
  readonly areLocked: boolean;
  /** whether these are all rows of the batch */
  readonly isWhole: boolean;
}

/** What one reading of a batch's rows has led to. */
interface Pass {
  readonly outcome: BatchOutcome;
  /** keys of rows that were read and then changed by another session */
  readonly changed: readonly KeyText[];
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

/**
 * What one batch may read. Its bounds were found without locks, so rows may have come or grown since: then
 * the batch is rolled back and made smaller.
 */
class ReadBudget {
  readonly #expected: number;
  readonly #portion: PortionSize;
  bytes = 0;
  rows = 0;

  constructor(expected: number, portion: PortionSize) {
    this.#expected = expected;
    this.#portion = portion;
  }

  /** @throws BatchTooBigError when it is spent */
  spend(portion: readonly SourceRow[]): void {
    this.rows += portion.length;
    for (const row of portion) {
      if (row instanceof BadRecord) continue;
      let bytes = 0;
      for (const value of row) bytes += value?.length ?? 0;
      this.bytes += bytes;
      this.#portion.saw(bytes);
    }
    this.#portion.next();
    if (this.rows > 2 * this.#expected + rowsToSpare) throw new BatchTooBigError("rows");
    if (this.bytes > 2 * batchBytes && this.rows > 1) throw new BatchTooBigError("bytes");
  }
}
