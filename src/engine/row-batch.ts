import { BatchTooBigError } from "../errors.ts";
import type { Transaction } from "../postgres/database.ts";
import type { Bounds } from "../postgres/key.ts";
import type { UpdateRows } from "../sink/update-rows.ts";
import type { OpenedSource } from "../source/opened-source.ts";
import type { BatchOutcome, BatchWork } from "./batch-work.ts";
import { batchBytes } from "./limits.ts";
import type { PhaseClock } from "./phase-clock.ts";
import { PortionSize } from "./portion-size.ts";
import { stillPendingError } from "./sql-batch.ts";
import { type RowTransform, type TextRow, Verdicts } from "./transform-rows.ts";

/** Rows that may come between the bound and the read without making the batch a failure. */
const rowsToSpare = 500;

/** The batch of a row job: read and lock, transform, write. Rows are let go as soon as they are transformed. */
export class RowBatch implements BatchWork {
  readonly #source: OpenedSource;
  readonly #sink: UpdateRows;
  readonly #transform: RowTransform;
  readonly #portion = new PortionSize();

  constructor(source: OpenedSource, sink: UpdateRows, transform: RowTransform) {
    this.#source = source;
    this.#sink = sink;
    this.#transform = transform;
  }

  async do(tx: Transaction, bounds: Bounds, expected: number, clock: PhaseClock): Promise<BatchOutcome> {
    const verdicts = new Verdicts();
    const portions = tx.read(this.#source.readStatement(bounds), () => this.#portion.rows);
    const budget = new ReadBudget(expected, this.#portion);
    try {
      for (;;) {
        const portion = await clock.during("read", () => portions.next());
        if (portion.done === true) break;
        budget.spend(portion.value);
        await clock.during("transform", () => this.#transform.apply(portion.value, verdicts));
      }
    } finally {
      await portions.return(undefined);
    }
    const { written, stillPending } = await clock.during("write", () =>
      this.#sink.write(tx, bounds, verdicts.rows),
    );
    if (stillPending > 0) throw stillPendingError(stillPending);
    const { rows, skipped, rejects } = verdicts;
    return {
      read: budget.rows,
      written,
      unchanged: rows.length - written,
      skipped,
      rejects,
      isAsync: verdicts.isAsync,
    };
  }
}

/**
 * What one batch may read. The bound was found without locks, so rows may have come or grown since: then the batch is rolled
 * back and made smaller.
 */
class ReadBudget {
  readonly #expected: number;
  readonly #portion: PortionSize;
  #bytes = 0;
  rows = 0;

  constructor(expected: number, portion: PortionSize) {
    this.#expected = expected;
    this.#portion = portion;
  }

  /** @throws BatchTooBigError when it is spent */
  spend(portion: readonly TextRow[]): void {
    this.rows += portion.length;
    for (const row of portion) {
      const bytes = row.reduce((sum, value) => sum + (value === null ? 0 : value.length), 0);
      this.#bytes += bytes;
      this.#portion.saw(bytes);
    }
    this.#portion.next();
    if (this.rows > 2 * this.#expected + rowsToSpare) throw new BatchTooBigError("rows");
    if (this.#bytes > 2 * batchBytes && this.rows > 1) throw new BatchTooBigError("bytes");
  }
}
