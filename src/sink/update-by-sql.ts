import { type Column, qualifiedName, type Relation } from "../postgres/catalog.ts";
import type { Transaction } from "../postgres/database.ts";
import type { Key } from "../postgres/key.ts";
import { bracketed, join, quoteIdentifier, raw, type Sql, sql } from "../postgres/sql.ts";
import { countWritten, type Written } from "./written.ts";

interface TargetColumn {
  readonly name: string;
  readonly type: string;
  readonly expression: Sql;
}

/** The write of an SQL job: one update over the batch's stretch of keys. */
export class UpdateBySql {
  readonly #relation: Relation;
  readonly #key: Key;
  readonly #columns: readonly TargetColumn[];
  readonly #pending: Sql | null;

  constructor(relation: Relation, key: Key, expressions: Readonly<Record<string, Sql>>, pending: Sql | null) {
    this.#relation = relation;
    this.#key = key;
    this.#pending = pending;
    this.#columns = Object.entries(expressions).map(([name, expression]) => ({
      name,
      expression,
      type: relation.columns.find((column: Column) => column.name === name)?.baseType ?? "text",
    }));
  }

  async write(tx: Transaction, inScope: Sql): Promise<Written> {
    return countWritten(tx, this.statement(inScope), this.#pending);
  }

  /** The statement that writes a batch; `inScope` carries the batch's bounds. */
  statement(inScope: Sql): Sql {
    const assignments = this.#columns.map(
      ({ name, expression }) => sql`${raw(quoteIdentifier(name))} = ${expression}`,
    );
    return sql`update ${qualifiedName(this.#relation)} as ${raw(this.#key.alias)}
      set ${join(assignments)}
      where ${inScope}${this.#unlessUnchanged()}`;
  }

  // A row that is pending must change, so there the expression need not be computed a second time for the comparison.
  #unlessUnchanged(): Sql {
    if (this.#pending !== null) return raw("");
    // To the type under any domain: a cast to a domain over varchar(3) would cut a value off.
    const current = this.#columns.map(({ name, type }) =>
      raw(`${this.#key.alias}.${quoteIdentifier(name)}::${type}`),
    );
    const fresh = this.#columns.map(({ expression, type }) => sql`${bracketed(expression)}::${raw(type)}`);
    return sql`
        and row(${join(current)})::record operator(pg_catalog.*<>) row(${join(fresh)})::record`;
  }
}
