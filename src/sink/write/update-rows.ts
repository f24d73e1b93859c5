import type { ColumnCodec } from "../../job/columns/column-codec.ts";
import { differs } from "../../postgres/catalog/differs.ts";
import type { Bounds, Key, KeyText } from "../../postgres/catalog/key.ts";
import { type Column, qualifiedName, type Relation } from "../../postgres/catalog/relation.ts";
import { triggerExistsBefore } from "../../postgres/catalog/trigger-guard.ts";
import { join, quoteIdentifier, raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import type { TextColumns } from "../../postgres/sql/text-columns.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { ImageTarget, SinkImages } from "../images/images.ts";
import type { RowComparing } from "./comparing.ts";
import { OutgoingRows } from "./outgoing-rows.ts";
import { type ReadTexts, RowEncoder } from "./row-encoder.ts";
import type { OutgoingBatch, RowSink } from "./sink.ts";
import { unnested } from "./unnested.ts";
import { isVersion, type UpdateParts, UpdateStatement } from "./update-statement.ts";
import { nothingWritten, type Written } from "./written.ts";

/** The set-based write of a row job: one array for each column, whatever the number of rows. */
export class UpdateRows implements RowSink {
  readonly takesMany = false;
  /** its statements check for triggers themselves */
  readonly guards = [];
  readonly #relation: Relation;
  readonly #key: Key;
  readonly #columns: readonly TargetColumn[];
  readonly #encoder: RowEncoder;
  readonly #update: UpdateStatement;
  /** false where the batch has locked its rows when it read them */
  readonly #isByVersion: boolean;

  constructor(
    relation: Relation,
    key: Key,
    types: Readonly<Record<string, string>>,
    columns: readonly string[],
    { pending, isByVersion }: { readonly pending: Sql | null; readonly isByVersion: boolean },
  ) {
    this.#isByVersion = isByVersion;
    this.#relation = relation;
    this.#key = key;
    this.#encoder = new RowEncoder(types, columns);
    this.#columns = columns.flatMap((name) => {
      const column = relation.columns.find((each) => each.name === name);
      return column === undefined ? [] : [{ column, codec: this.#encoder.codec(name) }];
    });
    const written = this.#columns.map(({ column }) => column);
    this.#update = new UpdateStatement(relation, key, written, pending, isByVersion);
  }

  images(isEncrypted: boolean): SinkImages {
    return this.#update.images(isEncrypted);
  }

  encode(answer: object, read: ReadTexts): readonly (string | null)[] {
    return this.#encoder.encode(answer, read);
  }

  /** Writes the rows that are still as they were read and differ, byte for byte, from what they shall be. */
  async write(tx: Transaction, { bounds, rows, images, areLocked }: OutgoingBatch): Promise<Written> {
    if (rows.length === 0) return nothingWritten;
    const isByVersion = this.#isByVersion && !areLocked;
    const parts = this.#parts(bounds, rows, isByVersion);
    const done = await this.#update.run(tx, parts, images);
    const rest = rows.length - done.written;
    const left = rest === 0 ? [] : (await tx.query(this.#left(parts, isByVersion))).rows;
    const keysOf = (isSwallowed: boolean): KeyText[] =>
      left
        .filter(({ swallowed }) => (swallowed === "t") === isSwallowed)
        .map(({ key }) => JSON.parse(key ?? "[]") as KeyText);
    const [swallowedKeys, changed] = [keysOf(true), keysOf(false)];
    const swallowed = swallowedKeys.length;
    return { ...done, unchanged: rest - left.length, swallowed, swallowedKeys, changed };
  }

  /** The rows that should have been written and were not: swallowed by a trigger, or changed since the read. */
  #left({ from, within }: RowParts, isByVersion: boolean): Sql {
    const { alias } = this.#key;
    const keys = this.#keyNames.map((name) => `tidefill_new.${name}`);
    return sql`select pg_catalog.json_build_array(${raw(keys.join(", "))}) as key,
        ${raw(alias)}.ctid is not null and ${this.#isAsRead(isByVersion)}
          and ${triggerExistsBefore(this.#relation, "update")} as swallowed
      from ${from}
      left join ${qualifiedName(this.#relation)} as ${raw(alias)}
        on ${this.#key.equals(keys)} and ${within}
      where ${raw(alias)}.xmin is distinct from pg_catalog.pg_current_xact_id()::pg_catalog.xid
        and (${raw(alias)}.ctid is null or not (${this.#isAsRead(isByVersion)}) or ${this.#differs()})`;
  }

  get comparing(): RowComparing {
    return {
      current: this.#columns.map(({ column }) => column.name),
      shouldBeGone: false,
      differences: (rows, current) => this.#differences(rows, current),
    };
  }

  #differences({ values }: OutgoingRows, current: TextColumns): Sql {
    const width = this.#columns.length;
    const arrays = [values, current].map((texts) => unnested(texts, width));
    const names = ["new", "now"].flatMap((age) => this.#columns.map((_, index) => `${age}_${index + 1}`));
    // As the column would have stored it, rounded or padded; an answer of null leaves JSON's null unchanged.
    const compared = this.#columns.map(({ column, codec }, index) => {
      const value = `new_${index + 1}::${column.displayType}::${column.baseType}`;
      const now = `now_${index + 1}::${column.baseType}`;
      const kept = `case when now_${index + 1} = 'null' then ${now} end`;
      return {
        column,
        left: raw(codec.hasTwoNulls ? `coalesce(${value}, ${kept})` : value),
        right: raw(now),
      };
    });
    return sql`select place - 1 as place
      from rows from (${join(arrays)}) with ordinality as compared(${raw([...names, "place"].join(", "))})
      where ${differs(compared)}`;
  }

  sample(bounds: Bounds, images: ImageTarget | null): Sql {
    return this.#update.build(this.#parts(bounds, new OutgoingRows(), this.#isByVersion), images);
  }

  /** An array of texts for each column of the key and of the sink. */
  #parts(bounds: Bounds, rows: OutgoingRows, isByVersion: boolean): RowParts {
    const versionNames = isByVersion ? ["tidefill_ctid", "tidefill_xmin"] : [];
    const names = [...this.#keyNames, ...versionNames, ...this.#valueNames];
    // Side by side in the list of a select: a function in `from` would store its rows first.
    const lists = [
      unnested(rows.keys, this.#keyNames.length),
      ...(isByVersion ? [unnested(rows.versions, 2)] : []),
      unnested(rows.values, this.#valueNames.length),
    ];
    const within = this.#key.within(bounds);
    const assignments = this.#columns.map(
      ({ column }, index) => `${quoteIdentifier(column.name)} = ${this.#freshTexts[index]}`,
    );
    return {
      set: raw(assignments.join(", ")),
      from: sql`(select ${join(lists)}) as tidefill_new(${raw(names.join(", "))})`,
      // The bounds lead to a single scan of the key's index for the whole batch.
      where: sql`${this.#key.equals(this.#keyNames.map((name) => `tidefill_new.${name}`))}
        and ${within}
        and ${this.#isAsRead(isByVersion)}
        and ${this.#differs()}`,
      within,
    };
  }

  /** The condition that a row still is the version that was read; a locked row is. */
  #isAsRead(isByVersion: boolean): Sql {
    if (!isByVersion) return raw("true");
    return isVersion(
      this.#key.alias,
      "tidefill_new.tidefill_ctid::pg_catalog.tid",
      "tidefill_new.tidefill_xmin::pg_catalog.xid",
    );
  }

  /** The condition that a row is not what it shall be. */
  #differs(): Sql {
    // Cast to the type under any domain: a cast to a domain over varchar(3) would truncate a value that an
    // assignment refuses.
    return differs(
      this.#columns.map(({ column }, index) => ({
        column,
        left: raw(`${this.#key.alias}.${quoteIdentifier(column.name)}::${column.baseType}`),
        right: raw(this.#freshTexts[index] ?? ""),
      })),
    );
  }

  get #keyNames(): readonly string[] {
    return this.#key.columns.map((_, index) => `tidefill_k${index + 1}`);
  }

  get #valueNames(): readonly string[] {
    return this.#columns.map((_, index) => `tidefill_v${index + 1}`);
  }

  get #freshTexts(): readonly string[] {
    return this.#columns.map((column, index) =>
      this.#fresh(column, `tidefill_new.${this.#valueNames[index]}`),
    );
  }

  // A transform sees JSON's null and SQL's as the same: where it returns null, either stays what it is.
  #fresh({ column, codec }: TargetColumn, text: string): string {
    const value = `${text}::${column.baseType}`;
    if (!codec.hasTwoNulls) return value;
    const current = `${this.#key.alias}.${quoteIdentifier(column.name)}`;
    return `coalesce(${value}, case when ${current}::text = 'null' then ${current}::${column.baseType} end)`;
  }
}

interface RowParts extends UpdateParts {
  readonly from: Sql;
}

interface TargetColumn {
  readonly column: Column;
  readonly codec: ColumnCodec;
}
