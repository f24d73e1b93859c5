import { type Column, qualifiedName, type Relation } from "../../postgres/catalog/relation.ts";
import { join, quoteIdentifier, raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import type { OnConflict } from "../definitions/on-conflict.ts";
import type { Arbiter } from "./arbiter.ts";

const target = "tidefill_target";

interface Value {
  readonly name: string;
  readonly column: Column;
  /** the column of `incoming` that holds it */
  readonly value: string;
}

/** Finds, by their unique values, rows that should have been inserted but are missing or different. */
export class InsertedLookup {
  readonly #relation: Relation;
  readonly #unique: readonly Value[] | Arbiter;
  readonly #compared: readonly Value[];

  private constructor(relation: Relation, unique: readonly Value[] | Arbiter, compared: readonly Value[]) {
    this.#relation = relation;
    this.#unique = unique;
    this.#compared = compared;
  }

  /** Looks rows up by the columns of a key. Null when the insert does not name all of them. */
  static byKey(
    relation: Relation,
    columns: readonly Column[],
    key: readonly string[],
  ): InsertedLookup | null {
    const values = valuesOf(columns);
    const found = key.flatMap((name) => values.find((value) => value.name === name) ?? []);
    return found.length < key.length ? null : new InsertedLookup(relation, found, values);
  }

  /** Looks rows up by what decides a conflict; rows that it does not cover are not looked up. */
  static byArbiter(
    relation: Relation,
    columns: readonly Column[],
    arbiter: Arbiter,
    conflict: OnConflict,
  ): InsertedLookup {
    // An existing row stays as it is or takes some columns: only those can be compared.
    const updated = conflict.do === "update" ? conflict.columns : [];
    const compared = valuesOf(columns).filter(
      ({ name }) => conflict.do === "reject" || updated.includes(name),
    );
    return new InsertedLookup(relation, arbiter, compared);
  }

  /**
   * A query for rows of `incoming`, with `value_1` and so on, that are missing from the table or different
   * there. With `trustsOwn`, rows that this transaction has written count as right.
   */
  missing(incoming: Sql, answer: "place" | "source" | "source as key", trustsOwn = false): Sql {
    const reference = ({ name }: Value): string => `${target}.${quoteIdentifier(name)}`;
    // As the column would have stored it, rounded or padded; then as the type under any domain, which can be
    // compared.
    const kept = ({ value, column }: Value): string => `${value}::${column.displayType}::${column.baseType}`;
    const now = `row(${this.#compared.map((each) => `${reference(each)}::${each.column.baseType}`).join(", ")})::record`;
    const expected = `row(${this.#compared.map(kept).join(", ")})::record`;
    const isSame = `${now} operator(pg_catalog.*=) ${expected}`;
    const own = trustsOwn ? ` or ${target}.xmin = pg_catalog.pg_current_xact_id()::pg_catalog.xid` : "";
    const same = this.#compared.length === 0 ? [] : [raw(`(${isSame}${own})`)];
    const byArbiter = "meets" in this.#unique ? this.#unique : null;
    const met =
      "meets" in this.#unique
        ? [this.#unique.meets(target)]
        : this.#unique.map((each) => raw(`${reference(each)} = ${each.value}`));
    return sql`select ${raw(answer)}
      from (
        ${byArbiter === null ? incoming : byArbiter.extend(incoming)}
      ) as incoming
      where ${byArbiter === null ? raw("") : sql`${byArbiter.canMeet} and `}not exists (
        select from ${qualifiedName(this.#relation)} as ${raw(target)}
        where ${join([...met, ...same], "\n          and ")})`;
  }
}

function valuesOf(columns: readonly Column[]): Value[] {
  return columns.map((column, index) => ({
    name: column.name,
    column,
    value: `incoming.value_${index + 1}`,
  }));
}
