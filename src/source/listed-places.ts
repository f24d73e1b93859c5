import { type Bounds, Key, type KeyText } from "../postgres/catalog/key.ts";
import { join, raw, sql } from "../postgres/sql/sql.ts";
import type { Transaction } from "../postgres/transaction/database.ts";
import type { ListedKeys } from "./listed-keys.ts";
import type { ReadableSource, ReadColumn, SourceRow } from "./readable-source.ts";

/** The key of rows outside of the database: numbers that tell their places. */
export function keyOfPlaces(width: number): Key {
  const columns = Array.from({ length: width }, (_, index) => ({
    name: `place_${index + 1}`,
    type: "pg_catalog.int8",
    operatorSchema: "pg_catalog",
    order: "",
  }));
  return new Key(columns, "tidefill_place");
}

/** A few rows of a file or of inline rows: each is read by itself, from the end of the row before it. */
export class ListedPlaces implements ReadableSource {
  readonly walk: ListedKeys;
  readonly placeOf?: (key: KeyText) => string;
  readonly #source: ReadableSource;
  readonly #before: ReadonlyMap<string, KeyText | null>;
  readonly #key: Key;

  /** `before` has the key of the row before each listed row, by `nameOfPlace`. */
  constructor(
    source: ReadableSource,
    walk: ListedKeys,
    before: ReadonlyMap<string, KeyText | null>,
    key: Key,
  ) {
    this.#source = source;
    this.walk = walk;
    if (source.placeOf !== undefined) this.placeOf = source.placeOf.bind(source);
    this.#before = before;
    this.#key = key;
  }

  get keyWidth(): number {
    return this.#source.keyWidth;
  }

  get columns(): readonly ReadColumn[] {
    return this.#source.columns;
  }

  async *read(tx: Transaction, bounds: Bounds, portion: () => number): AsyncGenerator<readonly SourceRow[]> {
    const { alias, list } = this.#key;
    const from = join([raw("("), this.walk.listOf(bounds), sql`) as ${raw(alias)}`], "");
    const { rows } = await tx.query(sql`select pg_catalog.json_build_array(${this.#key.asTexts()}) as key
      from ${from}
      where ${this.#key.within(bounds)}
      order by ${list}`);
    for (const row of rows) {
      const through = JSON.parse(row.key ?? "[]") as KeyText;
      const after = this.#before.get(nameOfPlace(through)) ?? null;
      yield* this.#source.read(tx, { after, through }, portion);
    }
  }
}

/** A key as a string, for lookups. */
export function nameOfPlace(key: KeyText): string {
  return key.join(" ");
}
