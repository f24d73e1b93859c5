import { explain, type PlanNode } from "../../postgres/catalog/explain.ts";
import type { Key } from "../../postgres/catalog/key.ts";
import type { Relation } from "../../postgres/catalog/relation.ts";
import { bracketed, type Sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import { KeyWalk } from "../../source/table/key-walk.ts";
import type { TableRows } from "../../source/table/table-rows.ts";

const typicalRange = 10_000;

/**
 * The part of the job's condition that an index serves by itself, so that the walk meets only rows in scope:
 * a hundred pending rows among millions are found at once. Null when there is none: then the walk visits
 * every key, in ranges short enough that no statement takes long.
 */
export async function chooseWalkFilter(
  tx: Transaction,
  definition: TableRows<unknown>,
  relation: Relation,
  key: Key,
): Promise<Sql | null> {
  const { filter, pending, where } = definition;
  const candidates = [filter, pending, where].filter((candidate) => candidate !== null).map(bracketed);
  for (const candidate of candidates) {
    const walk = new KeyWalk(relation, key, candidate, null);
    const nodes = await explain(tx, walk.boundaryStatement({ after: null, through: null }, typicalRange));
    if (visitsOnlyMatches(nodes)) return candidate;
  }
  return null;
}

// PostgreSQL leaves out of `Filter` what the index's predicate or conditions already guarantee.
function visitsOnlyMatches(nodes: readonly PlanNode[]): boolean {
  const scans = nodes.filter((node) => node.relation !== null);
  return (
    scans.length > 0 &&
    scans.every((scan) => /^Index (Only )?Scan$/.test(scan.type) && scan.filter === null) &&
    !nodes.some((node) => /Sort/.test(node.type) || /Bitmap/.test(node.type))
  );
}
