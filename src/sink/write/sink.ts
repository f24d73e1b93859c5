import type { Bounds } from "../../postgres/catalog/key.ts";
import type { TriggerGuard } from "../../postgres/catalog/trigger-guard.ts";
import type { Sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { ImageTarget, SinkImages } from "../images/images.ts";
import type { RowComparing, SqlComparing } from "./comparing.ts";
import type { OutgoingRows } from "./outgoing-rows.ts";
import type { ReadTexts } from "./row-encoder.ts";
import type { Written } from "./written.ts";

/** What every opened sink reports before a run. */
interface Sink {
  /** what the run's undo log holds */
  images(isEncrypted: boolean): SinkImages;
  /** the triggers that it relies on being absent */
  readonly guards: readonly TriggerGuard[];
}

/** What the transform made of the rows of a batch. */
export interface OutgoingBatch {
  readonly bounds: Bounds;
  readonly rows: OutgoingRows;
  readonly images: ImageTarget | null;
  /** whether the rows were locked when they were read, so that none can have changed since */
  readonly areLocked: boolean;
}

/** The sink of a row job: one set-based statement for each batch, whatever the number of rows. */
export interface RowSink extends Sink {
  /** whether a transform may return several rows, or none, as an array */
  readonly takesMany: boolean;
  /** how a verify finds rows that differ; null where no unique values find them again */
  readonly comparing: RowComparing | null;
  /** A transform's answer for a row, as texts. @throws AnswerError where it cannot be written */
  encode(answer: object, read: ReadTexts): readonly (string | null)[];
  /** Writes the rows of a batch. */
  write(tx: Transaction, batch: OutgoingBatch): Promise<Written>;
  /** The statement of an empty batch, for a user to read beforehand. */
  sample(bounds: Bounds, images: ImageTarget | null): Sql;
}

/** How an SQL job writes: no row leaves the database. */
export interface SqlSink extends Sink {
  /**
   * The condition of the rows that a write over `inScope` writes; null where it only inserts, and itself
   * finds what did not arrive.
   */
  readonly toWrite: ((inScope: Sql) => Sql) | null;
  /** whether the rows in scope must be counted separately, since not all of them are written */
  readonly countsRows: boolean;
  /** whether rows that appear during the write are counted as still pending */
  readonly mayMeetLateRows: boolean;
  /** how a verify finds rows that differ; null where no unique values find them again */
  readonly comparing: SqlComparing | null;
  /** Writes the rows for which `inScope`, which includes the bounds, is true. */
  write(tx: Transaction, bounds: Bounds, inScope: Sql, images: ImageTarget | null): Promise<Written>;
  statement(bounds: Bounds, inScope: Sql, images: ImageTarget | null): Sql;
}
