import type { ColumnCodec } from "../../job/columns/column-codec.ts";
import type { Bounds, Key } from "../../postgres/catalog/key.ts";
import type { Column, Relation } from "../../postgres/catalog/relation.ts";
import { join, quoteIdentifier, raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { ImageTarget, SinkImages } from "../images/images.ts";
import type { RowComparing } from "./comparing.ts";
import type { OutgoingRow } from "./outgoing-row.ts";
import { type ReadTexts, RowEncoder } from "./row-encoder.ts";
import type { OutgoingBatch, RowSink } from "./sink.ts";
import { unnested } from "./unnested.ts";
import { type UpdateParts, UpdateStatement } from "./update-statement.ts";
import { nothingWritten, type Written } from "./written.ts";

/** The set-based write of a row job: one array for each column, whatever the number of rows. */
export class UpdateRows implements RowSink {
  readonly takesMany = false;
  /** its statements check for triggers themselves */
  readonly guards = [];
  readonly #key: Key;
  readonly #columns: readonly TargetColumn[];
  readonly #encoder: RowEncoder;
  readonly #update: UpdateStatement;

  constructor(
    relation: Relation,
    key: Key,
    types: Readonly<Record<string, string>>,
    columns: readonly string[],
    pending: Sql | null,
  ) {
    this.#key = key;
    this.#encoder = new RowEncoder(types, columns);
    this.#columns = columns.flatMap((name) => {
      const column = relation.columns.find((each) => each.name === name);
      return column === undefined ? [] : [{ column, codec: this.#encoder.codec(name) }];
    });
    const written = this.#columns.map(({ column }) => column);
    this.#update = new UpdateStatement(relation, key, written, pending);
  }

  images(isEncrypted: boolean): SinkImages {
    return this.#update.images(isEncrypted);
  }

  encode(answer: object, read: ReadTexts): readonly (string | null)[] {
    return this.#encoder.encode(answer, read);
  }

  /** Writes the rows that differ, byte for byte, from the table's. */
  async write(tx: Transaction, { bounds, rows, images }: OutgoingBatch): Promise<Written> {
    if (rows.length === 0) return nothingWritten;
    const parts = this.#parts(bounds, rows);
    const done = await this.#update.run(tx, parts, images, true);
    const rest = rows.length - done.written;
    const swallowedKeys = rest === 0 ? [] : await this.#update.swallowed(tx, parts);
    const swallowed = swallowedKeys.length;
    return { ...done, unchanged: rest - swallowed, swallowed, swallowedKeys };
  }

  get comparing(): RowComparing {
    return {
      current: this.#columns.map(({ column }) => column.name),
      shouldBeGone: false,
      differences: (rows, current) => this.#differences(rows, current),
    };
  }

  #differences(rows: readonly OutgoingRow[], current: readonly (readonly (string | null)[])[]): Sql {
    const width = this.#columns.length;
    const arrays = [rows.map(({ values }) => values), current].map((texts) => unnested(texts, width));
    const names = ["new", "now"].flatMap((age) => this.#columns.map((_, index) => `${age}_${index + 1}`));
    const now = this.#columns.map(({ column }, index) => `now_${index + 1}::${column.baseType}`);
    // As the column would have stored it, rounded or padded; an answer of null leaves JSON's null unchanged.
    const fresh = this.#columns.map(({ column, codec }, index) => {
      const value = `new_${index + 1}::${column.displayType}::${column.baseType}`;
      const kept = `case when now_${index + 1} = 'null' then now_${index + 1}::${column.baseType} end`;
      return codec.hasTwoNulls ? `coalesce(${value}, ${kept})` : value;
    });
    return sql`select place - 1 as place
      from rows from (${join(arrays)}) with ordinality as compared(${raw([...names, "place"].join(", "))})
      where row(${raw(fresh.join(", "))})::record operator(pg_catalog.*<>) row(${raw(now.join(", "))})::record`;
  }

  sample(bounds: Bounds, images: ImageTarget | null): Sql {
    return this.#update.build(this.#parts(bounds, []), images);
  }

  /** An array of texts for each column of the key and of the sink. */
  #parts(bounds: Bounds, rows: readonly OutgoingRow[]): UpdateParts {
    const keyNames = this.#key.columns.map((_, index) => `tidefill_k${index + 1}`);
    const valueNames = this.#columns.map((_, index) => `tidefill_v${index + 1}`);
    const keys = rows.map(({ key }) => key);
    const values = rows.map((row) => row.values);
    const arrays = [unnested(keys, keyNames.length), unnested(values, valueNames.length)];
    const fresh = this.#columns.map((column, index) =>
      this.#fresh(column, `tidefill_new.${valueNames[index]}`),
    );
    const names = this.#columns.map(({ column }) => quoteIdentifier(column.name));
    // Cast to the type under any domain: a cast to a domain over varchar(3) would truncate a value that an
    // assignment refuses.
    const current = this.#columns.map(
      ({ column }, index) => `${this.#key.alias}.${names[index]}::${column.baseType}`,
    );
    const within = this.#key.within(bounds);
    // *<> compares bytes: = would treat 1.0 as 1.00, and 'a' as 'A' under a case-insensitive collation.
    return {
      set: raw(names.map((name, index) => `${name} = ${fresh[index]}`).join(", ")),
      from: sql`rows from (${join(arrays)}) as tidefill_new(${raw([...keyNames, ...valueNames].join(", "))})`,
      where: sql`${this.#key.equals(keyNames.map((name) => `tidefill_new.${name}`))}
        and ${within}
        and row(${raw(current.join(", "))})::record operator(pg_catalog.*<>) row(${raw(fresh.join(", "))})::record`,
      within,
    };
  }

  // A transform sees JSON's null and SQL's as the same: where it returns null, either stays what it is.
  #fresh({ column, codec }: TargetColumn, text: string): string {
    const value = `${text}::${column.baseType}`;
    if (!codec.hasTwoNulls) return value;
    const current = `${this.#key.alias}.${quoteIdentifier(column.name)}`;
    return `coalesce(${value}, case when ${current}::text = 'null' then ${current}::${column.baseType} end)`;
  }
}

interface TargetColumn {
  readonly column: Column;
  readonly codec: ColumnCodec;
}
