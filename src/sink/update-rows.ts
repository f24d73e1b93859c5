import { JobError } from "../errors.ts";
import { ColumnCodec } from "../job/column-codec.ts";
import { type Column, qualifiedName, type Relation } from "../postgres/catalog.ts";
import type { Transaction } from "../postgres/database.ts";
import type { Bounds, Key, KeyText } from "../postgres/key.ts";
import { join, quoteIdentifier, raw, type Sql, sql } from "../postgres/sql.ts";
import { countWritten, type Written } from "./written.ts";

/** One row on its way into the table: its key, and the texts of the sink's columns. */
export interface OutgoingRow {
  readonly key: KeyText;
  readonly values: readonly (string | null)[];
}

interface TargetColumn {
  readonly name: string;
  readonly type: string;
  readonly codec: ColumnCodec;
}

/** The set-based write of a row job: one array a column, whatever the number of rows. */
export class UpdateRows {
  readonly #relation: Relation;
  readonly #key: Key;
  readonly #columns: readonly TargetColumn[];
  readonly #pending: Sql | null;

  constructor(
    relation: Relation,
    key: Key,
    types: Readonly<Record<string, string>>,
    columns: readonly string[],
    pending: Sql | null,
  ) {
    this.#relation = relation;
    this.#key = key;
    this.#pending = pending;
    this.#columns = columns.map((name) => ({
      name,
      type: relation.columns.find((column: Column) => column.name === name)?.baseType ?? "text",
      codec: new ColumnCodec(name, types[name] ?? ""),
    }));
  }

  /** how many columns it writes */
  get width(): number {
    return this.#columns.length;
  }

  /** What a transform answered, as texts. @throws ColumnValueError for a value that its column cannot take */
  encode(answer: object): readonly (string | null)[] {
    const given = answer as Readonly<Record<string, unknown>>;
    const strange = Object.keys(given).find((name) => !this.#columns.some((column) => column.name === name));
    if (strange !== undefined) {
      throw new JobError(`The transform answered "${strange}", which the sink does not write.`, {
        remedy: `Answer only ${this.#columns.map((column) => column.name).join(", ")}, or add the column to the sink.`,
      });
    }
    return this.#columns.map(({ name, codec }) => codec.encode(given[name]));
  }

  /** Writes the rows that differ from what is there, byte for byte. */
  async write(tx: Transaction, bounds: Bounds, rows: readonly OutgoingRow[]): Promise<Written> {
    if (rows.length === 0) return { written: 0, stillPending: 0 };
    const keys = this.#key.columns.map((_, index) => rows.map((row) => row.key[index] ?? null));
    const values = this.#columns.map((_, index) => rows.map((row) => row.values[index] ?? null));
    return countWritten(tx, this.statement(bounds, keys, values), this.#pending);
  }

  /** The statement that writes a batch: an array of texts for each column of the key and of the sink. */
  statement(bounds: Bounds, keys: readonly unknown[], values: readonly unknown[]): Sql {
    const keyNames = keys.map((_, index) => `tidefill_k${index + 1}`);
    const valueNames = values.map((_, index) => `tidefill_v${index + 1}`);
    const arrays = [...keys, ...values].map((array) => sql`pg_catalog.unnest(${array}::text[])`);
    const reference = (name: string) => `${this.#key.alias}.${quoteIdentifier(name)}`;
    // To the type under any domain: a cast to a domain over varchar(3) would cut a value off, an assignment refuses it.
    const current = this.#columns.map(({ name, type }) => `${reference(name)}::${type}`);
    const fresh = this.#columns.map(({ name, type, codec }, index) => {
      const value = `tidefill_new.${valueNames[index]}::${type}`;
      // A transform sees JSON's null and SQL's as one: where it answers null, either stays what it is.
      return codec.hasTwoNulls
        ? `coalesce(${value}, case when ${reference(name)}::text = 'null' then ${reference(name)}::${type} end)`
        : value;
    });
    const assignments = this.#columns.map(({ name }, index) => `${quoteIdentifier(name)} = ${fresh[index]}`);
    // *<> compares the bytes: = would take 1.0 for 1.00, and 'a' for 'A' under a case-blind collation.
    return sql`update ${qualifiedName(this.#relation)} as ${raw(this.#key.alias)}
      set ${raw(assignments.join(", "))}
      from rows from (${join(arrays)}) as tidefill_new(${raw([...keyNames, ...valueNames].join(", "))})
      where ${this.#key.equals(keyNames.map((name) => `tidefill_new.${name}`))}
        and ${this.#key.within(bounds)}
        and row(${raw(current.join(", "))})::record operator(pg_catalog.*<>) row(${raw(fresh.join(", "))})::record`;
  }
}
