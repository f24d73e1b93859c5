import type { Bounds, KeyText } from "../../postgres/catalog/key.ts";
import type { TriggerGuard } from "../../postgres/catalog/trigger-guard.ts";
import type { Sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { ImageTarget, SinkImages } from "../images/images.ts";
import type { RowComparing, SqlComparing } from "./comparing.ts";
import type { OutgoingRow } from "./outgoing-row.ts";
import type { ReadTexts } from "./row-encoder.ts";
import type { Written } from "./written.ts";

/** What every opened sink can tell before a run. */
interface Sink {
  /** what the run's undo log holds */
  images(isEncrypted: boolean): SinkImages;
  /** the triggers whose absence it relies on */
  readonly guards: readonly TriggerGuard[];
}

/** What the transform has made of the rows of a batch. */
export interface OutgoingBatch {
  readonly bounds: Bounds;
  readonly rows: readonly OutgoingRow[];
  /** of the rows within the bounds that these were made of */
  readonly keys: readonly KeyText[];
  readonly images: ImageTarget | null;
}

/** Where the rows of a row job go: one set-based statement a batch, whatever the number of rows. */
export interface RowSink extends Sink {
  /** whether a transform may answer several rows, or none, as an array */
  readonly takesMany: boolean;
  /** how a verify finds rows that are not as they should be; null where nothing unique finds them again */
  readonly comparing: RowComparing | null;
  /** What a transform answered for a row, as texts. @throws AnswerError where it cannot be written */
  encode(answer: object, read: ReadTexts): readonly (string | null)[];
  /** Writes the rows of a batch. */
  write(tx: Transaction, batch: OutgoingBatch): Promise<Written>;
  /** The statement of an empty batch, for people who want to read it before it happens. */
  sample(bounds: Bounds, images: ImageTarget | null): Sql;
}

/** How an SQL job writes: no row leaves the database. */
export interface SqlSink extends Sink {
  /** The condition of the rows that a write over `inScope` writes; null where it only inserts, and tells by itself what did not arrive. */
  readonly toWrite: ((inScope: Sql) => Sql) | null;
  /** whether the rows in scope have to be counted beside the write, since not all of them will be written */
  readonly countsRows: boolean;
  /** whether rows that come during the write are counted as still pending */
  readonly mayMeetLateRows: boolean;
  /** how a verify finds rows that are not as they should be; null where nothing unique finds them again */
  readonly comparing: SqlComparing | null;
  /** Writes the rows that `inScope`, which carries the bounds, holds true for. */
  write(tx: Transaction, bounds: Bounds, inScope: Sql, images: ImageTarget | null): Promise<Written>;
  statement(bounds: Bounds, inScope: Sql, images: ImageTarget | null): Sql;
}
