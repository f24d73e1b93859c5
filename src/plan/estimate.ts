import { qualifiedName } from "../postgres/catalog.ts";
import type { Transaction } from "../postgres/database.ts";
import { explain } from "../postgres/explain.ts";
import { raw, sql } from "../postgres/sql.ts";
import type { OpenedTable } from "../source/opened-table.ts";

/** What PostgreSQL's statistics say; nothing is counted, since counting a huge table takes as long as reading it. */
export interface Estimate {
  /** rows in scope */
  readonly rows: number;
  /** keys that the walk goes over to find them */
  readonly walk: number;
}

export async function estimateRows(tx: Transaction, source: OpenedTable): Promise<Estimate> {
  const inScope = sql`select 1
    from ${qualifiedName(source.relation)} as ${raw(source.key.alias)}
    where ${source.condition({ after: null, through: null })}`;
  const [rows] = await explain(tx, inScope);
  const [walk] = await explain(tx, source.walk.wholeStatement());
  return { rows: rows?.estimatedRows ?? 0, walk: walk?.estimatedRows ?? 0 };
}
