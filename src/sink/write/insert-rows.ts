import type { Bounds, KeyText } from "../../postgres/catalog/key.ts";
import type { Column } from "../../postgres/catalog/relation.ts";
import type { TriggerGuard } from "../../postgres/catalog/trigger-guard.ts";
import { type Sql, sql } from "../../postgres/sql/sql.ts";
import type { TextColumns } from "../../postgres/sql/text-columns.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { ImageTarget, SinkImages } from "../images/images.ts";
import type { RowComparing } from "./comparing.ts";
import { incomingRows, type KeptColumns, plainRows } from "./incoming.ts";
import type { InsertStatement } from "./insert-statement.ts";
import { OutgoingRows } from "./outgoing-rows.ts";
import type { ReadTexts, RowEncoder } from "./row-encoder.ts";
import type { OutgoingBatch, RowSink } from "./sink.ts";
import { withSwallowedInserts } from "./swallowed-inserts.ts";
import { countWritten, nothingWritten, type Written } from "./written.ts";

/** Counts, after rows were inserted, the source rows for which the job's `pending` is still true. */
export type StillPending = (tx: Transaction, bounds: Bounds, keys: TextColumns) => Promise<number>;

/** The set-based insert of a row job. */
export class InsertRows implements RowSink {
  readonly takesMany = true;
  readonly #columns: readonly Column[];
  readonly #encoder: RowEncoder;
  readonly #insert: InsertStatement;
  readonly #stillPending: StillPending | null;
  readonly #kept: ((bounds: Bounds) => KeptColumns) | null;

  /** `columns` are those that the transform returns; the insert also has those that are `kept`. */
  constructor(
    columns: readonly Column[],
    encoder: RowEncoder,
    insert: InsertStatement,
    beside: {
      readonly stillPending: StillPending | null;
      readonly kept: ((bounds: Bounds) => KeptColumns) | null;
    },
  ) {
    this.#columns = columns;
    this.#encoder = encoder;
    this.#insert = insert;
    this.#stillPending = beside.stillPending;
    this.#kept = beside.kept;
  }

  get guards(): readonly TriggerGuard[] {
    return [this.#insert.guard];
  }

  images(isEncrypted: boolean): SinkImages {
    return this.#insert.images(isEncrypted);
  }

  encode(answer: object, read: ReadTexts): readonly (string | null)[] {
    return this.#encoder.encode(answer, read);
  }

  async write(tx: Transaction, { bounds, rows, images }: OutgoingBatch): Promise<Written> {
    if (rows.length === 0) return nothingWritten;
    // Read once: another batch may notice a trigger while this one waits.
    const isGuarded = this.#insert.guard.isThere;
    const incoming = this.#incoming(rows, bounds);
    const keyOf = (place: unknown): KeyText => rows.keyAt(Number(place));
    if (images !== null) await this.#insert.prepare(tx, incoming);
    const aside = rows.isOneToMany ? await this.#insert.refusedTogether(tx, incoming) : null;
    const statement = this.#insert.build(incoming, images, aside);
    const counted = await countWritten(tx, statement, keyOf);
    const done = isGuarded
      ? await withSwallowedInserts(tx, counted, rows.countOfRows(counted.refused), {
          incoming,
          lookup: this.#insert.lookup,
          conflict: this.#insert.conflict,
          keyOf,
        })
      : counted;
    if (this.#stillPending === null) return done;
    const written = rows.keysOfRows(done.swallowedKeys);
    const unnamed = done.swallowed - done.swallowedKeys.length;
    return { ...done, stillPending: Math.max(0, (await this.#stillPending(tx, bounds, written)) - unnamed) };
  }

  get comparing(): RowComparing | null {
    const { lookup } = this.#insert;
    if (lookup === null) return null;
    return {
      current: [],
      shouldBeGone: false,
      differences: (rows) => {
        const kept = this.#kept?.({ after: null, through: null }) ?? null;
        const incoming = incomingRows(this.#columns, rows, kept);
        return lookup.missing(
          sql`select n - 1 as place, incoming.*
      from (
        ${incoming}
      ) as incoming`,
          "place",
        );
      },
    };
  }

  sample(bounds: Bounds, images: ImageTarget | null): Sql {
    return this.#insert.build(this.#incoming(new OutgoingRows(), bounds), images);
  }

  // Numbering the rows costs time, and is only needed where some may be refused.
  #incoming(rows: OutgoingRows, bounds: Bounds): Sql {
    const kept = this.#kept?.(bounds) ?? null;
    return this.#insert.isPlain
      ? plainRows(this.#columns, rows, kept)
      : incomingRows(this.#columns, rows, kept);
  }
}
