import { type Column, qualifiedName, type Relation } from "../postgres/catalog.ts";
import { quoteIdentifier, raw, type Sql, sql } from "../postgres/sql.ts";

/** Rows of `incoming` and of the table that have the same values in the columns of a unique constraint. */
export class MeetingRows {
  readonly #relation: Relation;
  readonly #values: readonly { readonly name: string; readonly value: string }[];

  constructor(relation: Relation, columns: readonly Column[], unique: readonly string[]) {
    this.#relation = relation;
    this.#values = unique.map((name) => ({
      name,
      value: `value_${columns.findIndex((column) => column.name === name) + 1}`,
    }));
  }

  /** The condition that a row of the table, called `alias`, meets a row of `incoming`. */
  meets(alias: string): Sql {
    const equalities = this.#values.map(
      ({ name, value }) => `${alias}.${quoteIdentifier(name)} = incoming.${value}`,
    );
    return raw(equalities.join(" and "));
  }

  /** A query for the `source` of each row that may not go in. Of rows that meet each other the first does; nulls meet nobody. */
  refused(alias: string): Sql {
    const values = this.#values.map(({ value }) => value);
    const known = values.map((value) => `incoming.${value} is not null`).join(" and ");
    return sql`select distinct source
      from (
        select source, pg_catalog.row_number() over (partition by ${raw(values.join(", "))} order by n) as nth,
          exists (
            select from ${qualifiedName(this.#relation)} as ${raw(alias)}
            where ${this.meets(alias)}
          ) as is_there
        from incoming
        where ${raw(known)}
      ) as met
      where nth > 1 or is_there`;
  }
}
