import { qualifiedName, type Relation } from "../../postgres/catalog/relation.ts";
import { raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { Arbiter } from "./arbiter.ts";

/** Rows of `incoming` and of the table that have the same unique values. */
export class ConflictingRows {
  readonly #relation: Relation;
  readonly #arbiter: Arbiter;

  constructor(relation: Relation, arbiter: Arbiter) {
    this.#relation = relation;
    this.#arbiter = arbiter;
  }

  /** The condition that a row of the table, called `alias`, meets any row of `incoming`. */
  meetsAny(alias: string): Sql {
    return sql`exists (select from ${this.#arbiter.deciding} where ${this.#arbiter.meets(alias)})`;
  }

  /**
   * A query for the `source` of each row that may not be inserted, where each source became one row. Of
   * several incoming rows that meet each other, the first may be inserted.
   */
  refused(alias: string): Sql {
    return sql`select distinct source
      from (
        select source, pg_catalog.row_number() over (partition by ${this.#arbiter.list} order by n) as nth,
          ${this.#isThere(alias)} as is_there
        from incoming
        where ${this.#arbiter.canMeet}
      ) as met
      where nth > 1 or is_there`;
  }

  /**
   * The sources that may not be inserted, in order, where the rows of one source go in together or not at
   * all: those with a row that meets a row of the table, of the same source, or of an earlier source that
   * goes in.
   */
  async refusedTogether(tx: Transaction, incoming: Sql, alias: string): Promise<readonly number[]> {
    const { rows } = await tx.query(sql`with incoming as materialized (
      ${incoming}
    )
    select pg_catalog.json_agg(pg_catalog.json_build_array(source, same, is_there) order by n) as met
    from (
      select source, n,
        pg_catalog.dense_rank() over (order by ${this.#arbiter.list}) as same,
        pg_catalog.count(*) over (partition by ${this.#arbiter.list}) as times,
        ${this.#isThere(alias)} as is_there
      from incoming
      where ${this.#arbiter.canMeet}
    ) as each
    where times > 1 or is_there`);
    return firstComeFirstIn(JSON.parse(rows[0]?.met ?? "[]") as readonly Met[]);
  }

  #isThere(alias: string): Sql {
    return sql`exists (
            select from ${qualifiedName(this.#relation)} as ${raw(alias)}
            where ${this.#arbiter.meets(alias)}
          )`;
  }
}

/** A row that meets another: its source, the number of the shared values, and whether the table has them. */
type Met = readonly [source: number, same: number, isThere: boolean];

function firstComeFirstIn(met: readonly Met[]): readonly number[] {
  const bySource = new Map<number, Met[]>();
  for (const row of met) bySource.set(row[0], [...(bySource.get(row[0]) ?? []), row]);
  const taken = new Set<number>();
  const refused: number[] = [];
  for (const [source, rows] of bySource) {
    const own = new Set(rows.map(([, same]) => same));
    const isFree = rows.every(([, same, isThere]) => !isThere && !taken.has(same));
    if (!isFree || own.size < rows.length) refused.push(source);
    else for (const same of own) taken.add(same);
  }
  return refused;
}
