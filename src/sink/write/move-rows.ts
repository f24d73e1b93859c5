import { SwallowedError } from "../../errors.ts";
import type { Bounds, Key } from "../../postgres/catalog/key.ts";
import type { Column, Relation } from "../../postgres/catalog/relation.ts";
import type { TriggerGuard } from "../../postgres/catalog/trigger-guard.ts";
import { raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { ImageTarget, SinkImages } from "../images/images.ts";
import { answeredAreGone, type SqlComparing, scopeIsGone } from "./comparing.ts";
import { DeleteStatement } from "./delete-statement.ts";
import { incomingExpressions, incomingRows, type KeptColumns } from "./incoming.ts";
import { MoveStatement, type MoveTarget } from "./move-statement.ts";
import { OutgoingRows } from "./outgoing-rows.ts";
import type { ReadTexts, RowEncoder } from "./row-encoder.ts";
import type { OutgoingBatch, RowSink, SqlSink } from "./sink.ts";
import { nothingWritten, type Written } from "./written.ts";

/** Moves rows as a transform has made them. */
export class MoveRows implements RowSink {
  readonly takesMany = true;
  readonly comparing = answeredAreGone;
  readonly #key: Key;
  readonly #into: MoveTarget;
  readonly #encoder: RowEncoder;
  readonly guards: readonly TriggerGuard[];
  readonly #guard: TriggerGuard;
  readonly #delete: DeleteStatement;
  readonly #move: MoveStatement;

  /** `guard` tells whether a trigger sees a row of the source before it is deleted. */
  constructor(relation: Relation, key: Key, into: MoveTarget, encoder: RowEncoder, guard: TriggerGuard) {
    this.#key = key;
    this.#into = into;
    this.#encoder = encoder;
    this.#guard = guard;
    this.guards = [guard];
    this.#delete = new DeleteStatement(relation, key);
    this.#move = new MoveStatement(this.#delete, into);
  }

  images(isEncrypted: boolean): SinkImages {
    return this.#move.images(isEncrypted);
  }

  encode(answer: object, read: ReadTexts): readonly (string | null)[] {
    return this.#encoder.encode(answer, read);
  }

  async write(tx: Transaction, { bounds, rows, images }: OutgoingBatch): Promise<Written> {
    const { keys } = rows;
    if (keys.length === 0) return nothingWritten;
    const done = await this.#move.run(tx, this.#statement(bounds, rows, images));
    if (done.written === keys.length) return done;
    // A row that stayed has arrived all the same, unless a trigger was expected.
    if (!this.#guard.isThere) throw new SwallowedError(this.#delete.layout.relation.name);
    const swallowedKeys = await this.#delete.swallowed(tx, this.#key.within(bounds), keys);
    // A row that is neither deleted nor still there was changed by a trigger.
    if (done.written + swallowedKeys.length !== keys.length)
      throw new SwallowedError(this.#delete.layout.relation.name);
    return { ...done, swallowed: swallowedKeys.length, swallowedKeys };
  }

  sample(bounds: Bounds, images: ImageTarget | null): Sql {
    return this.#statement(bounds, new OutgoingRows(), images);
  }

  #statement(bounds: Bounds, rows: OutgoingRows, images: ImageTarget | null): Sql {
    const whole = sql`(tidefill_gone.place - 1)::integer as place, ${this.#delete.wholeRow()}`;
    const gone = sql`tidefill_gone as materialized (
      ${this.#delete.ofKeys(this.#key.within(bounds), rows.keys, whole)}
    )`;
    const { columns, kept } = this.#into;
    const computed = columns.slice(0, columns.length - kept.length);
    const incoming = incomingRows(computed, rows, kept.length === 0 ? null : this.#keptOf(kept));
    return this.#move.build(gone, incoming, images, this.#guard.isThere);
  }

  /** Columns of the rows that the same statement deletes. */
  #keptOf(columns: readonly Column[]): KeptColumns {
    const { layout } = this.#delete;
    const names = layout.valueNames("old", "tidefill_gone");
    const at = (column: Column): number => layout.values.findIndex(({ name }) => name === column.name);
    return {
      columns,
      values: columns.map((column) => names[at(column)] ?? "null"),
      from: raw("tidefill_gone"),
      where: raw("tidefill_gone.place = tidefill_new.source"),
      keyWidth: 0,
    };
  }
}

/** Moves the rows in scope by SQL expressions. */
export class MoveBySql implements SqlSink {
  readonly countsRows = false;
  readonly mayMeetLateRows = false;
  readonly guards: readonly TriggerGuard[];
  readonly toWrite = (inScope: Sql): Sql => inScope;
  readonly comparing: SqlComparing;
  readonly #key: Key;
  readonly #into: MoveTarget;
  readonly #expressions: Readonly<Record<string, Sql>>;
  readonly #delete: DeleteStatement;
  readonly #move: MoveStatement;

  constructor(
    relation: Relation,
    key: Key,
    into: MoveTarget,
    expressions: Readonly<Record<string, Sql>>,
    guard: TriggerGuard,
  ) {
    this.#key = key;
    this.guards = [guard];
    this.comparing = scopeIsGone(key);
    this.#into = into;
    this.#expressions = expressions;
    this.#delete = new DeleteStatement(relation, key);
    this.#move = new MoveStatement(this.#delete, into);
  }

  images(isEncrypted: boolean): SinkImages {
    return this.#move.images(isEncrypted);
  }

  async write(tx: Transaction, bounds: Bounds, inScope: Sql, images: ImageTarget | null): Promise<Written> {
    return this.#move.run(tx, this.statement(bounds, inScope, images));
  }

  statement(_bounds: Bounds, inScope: Sql, images: ImageTarget | null): Sql {
    // The expressions see only the row, under its table's own name.
    const alias = raw(this.#key.alias);
    const taken = sql`tidefill_taken as ${alias}`;
    const gone = sql`tidefill_taken as materialized (
      ${this.#delete.where(inScope, sql`${alias}.*`)}
    ), tidefill_gone as materialized (
      select ${this.#delete.wholeRow()}, ${this.#place()} as place
      from ${taken}
    )`;
    const incoming = incomingExpressions(this.#into.columns, this.#expressions, this.#key, taken);
    return this.#move.build(gone, incoming, images);
  }

  #place(): Sql {
    return sql`pg_catalog.json_build_array(${this.#key.asTexts()})::pg_catalog.jsonb`;
  }
}
