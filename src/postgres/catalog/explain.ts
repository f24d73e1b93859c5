import { type Sql, sql } from "../sql/sql.ts";
import type { Queryable } from "../transaction/database.ts";

/** One node of a query plan, reduced to the fields that are used. */
export interface PlanNode {
  readonly type: string;
  readonly schema: string | null;
  readonly relation: string | null;
  readonly index: string | null;
  readonly filter: string | null;
  readonly indexCondition: string | null;
  readonly estimatedRows: number;
  readonly totalCost: number;
}

interface RawNode {
  readonly "Node Type": string;
  readonly Schema?: string;
  readonly "Relation Name"?: string;
  readonly "Index Name"?: string;
  readonly Filter?: string;
  readonly "Index Cond"?: string;
  readonly "Plan Rows": number;
  readonly "Total Cost": number;
  readonly Plans?: readonly RawNode[];
}

/** PostgreSQL's plan for a statement, without running it: the top node first, then depth first. */
export async function explain(db: Queryable, statement: Sql): Promise<PlanNode[]> {
  const { rows } = await db.query(sql`explain (format json, verbose) ${statement}`);
  // A rule adds plans of its own, or utility statements, which have no plan.
  const plans = JSON.parse(rows[0]?.["QUERY PLAN"] ?? "[]") as readonly { readonly Plan?: RawNode }[];
  return plans.flatMap(({ Plan }) => (Plan === undefined ? [] : flatten(Plan)));
}

/** The plan as PostgreSQL prints it for a reader. */
export async function explainText(db: Queryable, statement: Sql): Promise<string[]> {
  const { rows } = await db.query(sql`explain ${statement}`);
  return rows.map((row) => row["QUERY PLAN"] ?? "");
}

function flatten(node: RawNode): PlanNode[] {
  const own: PlanNode = {
    type: node["Node Type"],
    schema: node.Schema ?? null,
    relation: node["Relation Name"] ?? null,
    index: node["Index Name"] ?? null,
    filter: node.Filter ?? null,
    indexCondition: node["Index Cond"] ?? null,
    estimatedRows: node["Plan Rows"],
    totalCost: node["Total Cost"],
  };
  return [own, ...(node.Plans ?? []).flatMap(flatten)];
}
