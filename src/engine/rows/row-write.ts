import type { Bounds, KeyText } from "../../postgres/catalog/key.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { RowSink } from "../../sink/write/sink.ts";
import { type ReadableSource, reasonAt } from "../../source/readable-source.ts";
import type { Reject } from "../../store/rejects/rejects.ts";
import type { BatchOutcome } from "../batch/batch-work.ts";
import type { PhaseClock } from "../batch/phase-clock.ts";
import type { TargetOf } from "../undo-log/image-target.ts";
import { conflictReject, stillPendingError, swallowedReject } from "./row-rejects.ts";
import type { Verdicts } from "./verdicts.ts";

/** The rows of a batch, or a part of them, as they are written. */
interface Write {
  readonly bounds: Bounds;
  readonly sweep: number;
  readonly clock: PhaseClock;
  /** how many rows were read */
  readonly read: number;
  /** whether the rows are locked, so that none can have changed since it was read */
  readonly areLocked: boolean;
}

/** What a write has led to. */
export interface WrittenRows {
  readonly outcome: BatchOutcome;
  /** keys of rows that were read and then changed by another session */
  readonly changed: readonly KeyText[];
}

/** Writes what a transform made of the rows of a batch, with their undo images. */
export class RowWrite {
  readonly #source: ReadableSource;
  readonly #sink: RowSink;
  readonly #targetOf: TargetOf;
  readonly #table: string;

  /** `table` is the name of the table that is written. */
  constructor(source: ReadableSource, sink: RowSink, targetOf: TargetOf, table: string) {
    this.#source = source;
    this.#sink = sink;
    this.#targetOf = targetOf;
    this.#table = table;
  }

  /** The reason of a reject, with the row's place where its key tells a reader nothing. */
  placed(key: KeyText, reason: string): string {
    return reasonAt(this.#source, key, reason);
  }

  async of(
    tx: Transaction,
    { rows, skipped, rejects, isAsync }: Verdicts,
    { bounds, sweep, clock, read, areLocked }: Write,
  ): Promise<WrittenRows> {
    const done = await clock.during("write", () =>
      this.#sink.write(tx, { bounds, rows, images: this.#targetOf(sweep), areLocked }),
    );
    if (done.stillPending > 0) throw stillPendingError(done.stillPending);
    const outcome = {
      read,
      written: done.written,
      unchanged: done.unchanged,
      skipped,
      conflicted: done.conflicted,
      rejects: [
        ...rejects,
        ...done.refused.map((key) => this.#located(conflictReject(key))),
        ...done.swallowedKeys.map((key) => this.#located(swallowedReject(key, this.#table))),
      ],
      swallowed: done.swallowed - done.swallowedKeys.length,
      freed: null,
      notes: [],
      isAsync,
    };
    return { outcome, changed: done.changed };
  }

  #located(reject: Reject): Reject {
    return { ...reject, reason: this.placed(reject.key, reject.reason) };
  }
}
