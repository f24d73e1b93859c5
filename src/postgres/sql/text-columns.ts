/** The texts of one row; null where a column is null. */
type Texts = readonly (string | null)[];

/**
 * Texts of many rows, column by column. As arrays of their own, rows that wait for their write would be most of
 * the garbage collector's work.
 */
export class TextColumns {
  readonly #columns: (string | null)[][] = [];
  #length = 0;

  /** How many rows. */
  get length(): number {
    return this.#length;
  }

  /** Adds the part of a row that begins at `from` and ends before `to`; what a row lacks is null. */
  push(row: Texts, from = 0, to = row.length): void {
    while (this.#columns.length < to - from) this.#columns.push(new Array<null>(this.#length).fill(null));
    for (let index = 0; index < this.#columns.length; index += 1)
      this.#columns[index]?.push(from + index < to ? (row[from + index] ?? null) : null);
    this.#length += 1;
  }

  /** A column, with a text for each row; empty where no row has the column. */
  column(index: number): Texts {
    return this.#columns[index] ?? [];
  }

  /** The rows at these places, in their order. */
  pick(places: readonly number[]): TextColumns {
    const picked = new TextColumns();
    for (const column of this.#columns) picked.#columns.push(places.map((place) => column[place] ?? null));
    picked.#length = places.length;
    return picked;
  }

  row(place: number): Texts {
    return this.#columns.map((column) => column[place] ?? null);
  }
}
