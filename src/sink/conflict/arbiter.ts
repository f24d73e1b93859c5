import type { Column } from "../../postgres/catalog/relation.ts";
import { type ColumnFill, conflictTarget, type UniqueIndex } from "../../postgres/catalog/unique-index.ts";
import { quoteIdentifier, raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import type { OnConflict } from "../definitions/on-conflict.ts";

/** One of a row's unique values: in the table's row and in the incoming row. */
interface Value {
  /** SQL for the value of the table's row, by that row's alias */
  readonly there: (alias: string) => string;
  /** a column of `incoming` */
  readonly here: string;
  readonly operator: string;
}

/** Decides which rows of `incoming` meet which rows of the table, by a unique index of any kind. */
export class Arbiter {
  readonly #index: UniqueIndex;
  readonly #inserted: readonly Column[];
  readonly #all: readonly Column[];
  readonly #fills: ReadonlyMap<string, ColumnFill>;
  readonly #values: readonly Value[];
  readonly #isPlain: boolean;

  /** `inserted` are the columns of `incoming`, `all` the table's, `fills` the values of the remaining columns. */
  constructor(
    index: UniqueIndex,
    inserted: readonly Column[],
    all: readonly Column[],
    fills: ReadonlyMap<string, ColumnFill>,
  ) {
    this.#index = index;
    this.#inserted = inserted;
    this.#all = all;
    this.#fills = fills;
    const isInserted = (name: string | null): boolean => inserted.some((column) => column.name === name);
    this.#isPlain = index.predicate === null && index.parts.every(({ column }) => isInserted(column));
    this.#values = index.parts.map(({ column, text, operator }, place) => ({
      there: (alias) => (column === null ? `(${text})` : `${alias}.${quoteIdentifier(column)}`),
      here: this.#isPlain
        ? `value_${inserted.findIndex(({ name }) => name === column) + 1}`
        : `tidefill_met_${place + 1}`,
      operator,
    }));
  }

  /** The SQL after `on conflict`. */
  get target(): Sql {
    return conflictTarget(this.#index);
  }

  /** `incoming` with the deciding values as the table would compute them, if its columns are not enough. */
  extend(incoming: Sql): Sql {
    if (this.#isPlain) return incoming;
    const { parts, predicate } = this.#index;
    const values = parts.map(
      ({ column, text }, place) =>
        `(${column === null ? text : quoteIdentifier(column)}) as tidefill_met_${place + 1}`,
    );
    const canMeet = `(${predicate ?? "true"}) is true as tidefill_can_meet`;
    return sql`select tidefill_given.*, tidefill_met.*
      from (
        ${incoming}
      ) as tidefill_given
      cross join lateral (
        select ${raw([...values, canMeet].join(", "))}
        from ${raw(this.#row())}
      ) as tidefill_met`;
  }

  /** The row as it would enter the table; only the index's own SQL names its columns. */
  #row(): string {
    const generated = [...this.#fills].filter(
      ([name, { isGenerated }]) => isGenerated && this.#index.columns.includes(name),
    );
    const needed = generated.length > 0 ? this.#all.map(({ name }) => name) : this.#index.columns;
    const plain = this.#all.filter(
      ({ name }) => needed.includes(name) && this.#fills.get(name)?.isGenerated !== true,
    );
    const given = plain.map((column) => `${this.#given(column)} as ${quoteIdentifier(column.name)}`);
    const base = `(select ${given.join(", ")}) as tidefill_row`;
    if (generated.length === 0) return base;
    const computed = generated.map(([name, { text }]) => `(${text}) as ${quoteIdentifier(name)}`);
    return `(
          select tidefill_row.*, ${computed.join(", ")}
          from ${base}
        ) as tidefill_whole`;
  }

  // As the column would store it: rounded or padded.
  #given({ name, displayType, baseType }: Column): string {
    const place = this.#inserted.findIndex((column) => column.name === name) + 1;
    if (place > 0) return `tidefill_given.value_${place}::${displayType}`;
    return `(${this.#fills.get(name)?.text ?? "null"})::${baseType}`;
  }

  /**
   * The condition that a row of the table, called `alias`, meets a row of `incoming`. It may name the table's
   * columns without the alias, so the only other columns in scope must be those of `deciding`.
   */
  meets(alias: string): Sql {
    const { nullsMeet, predicate } = this.#index;
    const equalities = this.#values.map(({ there, here, operator }) => {
      const [left, right] = [there(alias), `incoming.${here}`];
      const same = `${left} ${operator} ${right}`;
      return nullsMeet ? `(${same} or ${left} is null and ${right} is null)` : same;
    });
    if (!this.#isPlain) equalities.push("incoming.tidefill_can_meet");
    if (predicate !== null) equalities.push(`(${predicate})`);
    return raw(equalities.join(" and "));
  }

  /** The columns of `incoming` that `meets` needs, as a relation for `from`. */
  get deciding(): Sql {
    if (this.#isPlain) return raw("incoming");
    const names = this.#values.map(({ here }) => here);
    return raw(`(select ${[...names, "tidefill_can_meet"].join(", ")} from incoming) as incoming`);
  }

  /** The values of `incoming` that must be unique. */
  get list(): Sql {
    return raw(this.#values.map(({ here }) => here).join(", "));
  }

  /**
   * Whether a row of `incoming` can meet another row: not with a null, unless nulls are not distinct, and not
   * outside of a partial index.
   */
  get canMeet(): Sql {
    const known = this.#index.nullsMeet ? [] : this.#values.map(({ here }) => `incoming.${here} is not null`);
    const covered = this.#isPlain ? [] : ["incoming.tidefill_can_meet"];
    return raw([...known, ...covered].join(" and ") || "true");
  }
}

/** What happens to rows that meet other rows, and what decides that they do. */
export interface OpenedConflict {
  readonly rule: OnConflict;
  readonly arbiter: Arbiter;
}
