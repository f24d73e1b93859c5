import { differs } from "../../postgres/catalog/differs.ts";
import type { Bounds, Key } from "../../postgres/catalog/key.ts";
import type { Column, Relation } from "../../postgres/catalog/relation.ts";
import type { TriggerGuard } from "../../postgres/catalog/trigger-guard.ts";
import { bracketed, join, quoteIdentifier, raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { ImageTarget, SinkImages } from "../images/images.ts";
import type { SqlComparing } from "./comparing.ts";
import type { SqlSink } from "./sink.ts";
import { type UpdateParts, UpdateStatement } from "./update-statement.ts";
import { nothingWritten, type Written } from "./written.ts";

interface TargetColumn {
  readonly column: Column;
  readonly expression: Sql;
}

/** The write of an SQL job: one update over the batch's keys. */
export class UpdateBySql implements SqlSink {
  readonly countsRows = true;
  readonly mayMeetLateRows = false;
  readonly #key: Key;
  readonly #columns: readonly TargetColumn[];
  readonly #pending: Sql | null;
  readonly #update: UpdateStatement;
  /** the triggers beside which rows are locked; null where the role may not read versions */
  readonly #updates: TriggerGuard | null;
  readonly guards: readonly TriggerGuard[];
  readonly toWrite = (inScope: Sql): Sql => sql`${inScope}${this.#unlessUnchanged()}`;

  constructor(
    relation: Relation,
    key: Key,
    expressions: Readonly<Record<string, Sql>>,
    pending: Sql | null,
    { guard, updates }: { readonly guard: TriggerGuard; readonly updates: TriggerGuard | null },
  ) {
    this.#updates = updates;
    const isByVersion = updates !== null;
    this.#key = key;
    this.guards = [guard];
    this.#pending = pending;
    this.#columns = relation.columns.flatMap((column) => {
      const expression = expressions[column.name];
      return expression === undefined ? [] : [{ column, expression }];
    });
    const columns = this.#columns.map(({ column }) => column);
    this.#update = new UpdateStatement(relation, key, columns, pending, isByVersion);
  }

  images(isEncrypted: boolean): SinkImages {
    return this.#update.images(isEncrypted);
  }

  async write(tx: Transaction, bounds: Bounds, inScope: Sql, images: ImageTarget | null): Promise<Written> {
    const parts = this.#parts(bounds, inScope);
    const isByVersion = this.#updates?.isThere === false;
    // Without versions, a row that changes between the look for its old values and the update must be locked.
    if (!isByVersion && images !== null && !images.hasReturningOld) await this.#update.lock(tx, parts.where);
    const first = await this.#update.run(tx, parts, images);
    const missed = (first.incoming ?? first.written) - first.written;
    // With a trigger that may swallow rows, the batch has locked them before, so that none can have changed.
    const isLocked = !isByVersion || this.guards.some(({ isThere }) => isThere);
    if (missed === 0 || isLocked) return { ...first, incoming: null };
    const alias = raw(this.#key.alias);
    const where = sql`${parts.where}
        and ${alias}.xmin <> pg_catalog.pg_current_xact_id()::pg_catalog.xid`;
    await this.#update.lock(tx, where);
    const second = await this.#update.run(tx, { ...parts, where }, images);
    return {
      ...nothingWritten,
      written: first.written + second.written,
      stillPending: first.stillPending + second.stillPending,
    };
  }

  statement(bounds: Bounds, inScope: Sql, images: ImageTarget | null): Sql {
    return this.#update.build(this.#parts(bounds, inScope), images);
  }

  #parts(bounds: Bounds, inScope: Sql): UpdateParts {
    const assignments = this.#columns.map(
      ({ column, expression }) => sql`${raw(quoteIdentifier(column.name))} = ${expression}`,
    );
    return {
      set: join(assignments),
      from: null,
      where: this.toWrite(inScope),
      within: this.#key.within(bounds),
    };
  }

  // A pending row must change, so the expression need not be computed twice for a comparison.
  #unlessUnchanged(): Sql {
    if (this.#pending !== null) return raw("");
    return sql`
        and ${this.#differs()}`;
  }

  get comparing(): SqlComparing {
    return {
      shouldBeGone: false,
      differences: ({
        from,
        inScope,
      }) => sql`select pg_catalog.json_build_array(${this.#key.asTexts()}) as key
      from ${from}
      where ${inScope}
        and (${this.#stillPending()} or ${this.#differs(true)})`,
    };
  }

  #stillPending(): Sql {
    return this.#pending === null ? raw("false") : sql`${bracketed(this.#pending)} is true`;
  }

  /**
   * The condition that a row differs, byte for byte, from the expressions' values; with `isKept`, as its
   * columns would store them.
   */
  #differs(isKept = false): Sql {
    // Cast to the type under any domain: a cast to a domain over varchar(3) would truncate a value.
    return differs(
      this.#columns.map(({ column, expression }) => ({
        column,
        left: raw(`${this.#key.alias}.${quoteIdentifier(column.name)}::${column.baseType}`),
        right: sql`${bracketed(expression)}${raw(isKept ? `::${column.displayType}` : "")}::${raw(column.baseType)}`,
      })),
    );
  }
}
