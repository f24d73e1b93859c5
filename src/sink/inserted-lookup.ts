import { type Column, qualifiedName, type Relation } from "../postgres/catalog.ts";
import { quoteIdentifier, raw, type Sql, sql } from "../postgres/sql.ts";
import type { OnConflict } from "./insert.ts";

const target = "tidefill_target";

interface Value {
  readonly name: string;
  readonly column: Column;
  /** the column of `incoming` that holds it */
  readonly value: string;
}

/** Finds rows that should have been inserted and are not there as they should be: by their unique columns. */
export class InsertedLookup {
  readonly #relation: Relation;
  readonly #unique: readonly Value[];
  readonly #compared: readonly Value[];

  private constructor(relation: Relation, unique: readonly Value[], compared: readonly Value[]) {
    this.#relation = relation;
    this.#unique = unique;
    this.#compared = compared;
  }

  /** Null when the insert does not name all of the unique columns. */
  static of(
    relation: Relation,
    columns: readonly Column[],
    unique: readonly string[],
    conflict: OnConflict | null,
  ): InsertedLookup | null {
    const values = columns.map((column, index) => ({
      name: column.name,
      column,
      value: `incoming.value_${index + 1}`,
    }));
    const found = unique.flatMap((name) => values.find((value) => value.name === name) ?? []);
    if (found.length < unique.length) return null;
    // A row that was there stays as it is, or takes some columns: nothing else can be expected of it.
    const updated = conflict?.do === "update" ? conflict.columns : [];
    const compared = values.filter(
      ({ name }) => conflict?.do !== "nothing" && (conflict?.do !== "update" || updated.includes(name)),
    );
    return new InsertedLookup(relation, found, compared);
  }

  /**
   * A query for rows of `incoming`, with `value_1` and so on, that are not in the table as they should be; those that this
   * transaction has written are as they should be where `trustsOwn`.
   */
  missing(incoming: Sql, answer: "place" | "source" | "source as key", trustsOwn = false): Sql {
    const reference = ({ name }: Value): string => `${target}.${quoteIdentifier(name)}`;
    const met = this.#unique.map((each) => `${reference(each)} = ${each.value}`);
    // As the column would have kept it: rounded or padded; then as the type under any domain, since only that compares.
    const kept = ({ value, column }: Value): string => `${value}::${column.displayType}::${column.baseType}`;
    const now = `row(${this.#compared.map((each) => `${reference(each)}::${each.column.baseType}`).join(", ")})::record`;
    const expected = `row(${this.#compared.map(kept).join(", ")})::record`;
    const isSame = `${now} operator(pg_catalog.*=) ${expected}`;
    const own = trustsOwn ? ` or ${target}.xmin = pg_catalog.pg_current_xact_id()::pg_catalog.xid` : "";
    const same = this.#compared.length === 0 ? [] : [`(${isSame}${own})`];
    return sql`select ${raw(answer)}
      from (
        ${incoming}
      ) as incoming
      where not exists (
        select from ${qualifiedName(this.#relation)} as ${raw(target)}
        where ${raw([...met, ...same].join("\n          and "))})`;
  }
}
