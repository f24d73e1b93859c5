import { explain, type PlanNode } from "../../postgres/catalog/explain.ts";
import { quoteIdentifier, sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { Refusal } from "../open/check.ts";
import type { OpenedJob } from "../open/opened-job.ts";
import { sampleStatements } from "../open/sample-statements.ts";

/** 8 MB: scanning a smaller table costs next to nothing. */
const bigPages = 1_024;

/** No batch may scan or sort a large table, neither its own nor one that the job's SQL reads. */
export async function readsByAnIndex(tx: Transaction, opened: OpenedJob): Promise<Refusal[]> {
  const statements = await sampleStatements(tx, opened);
  const refusals: Refusal[] = [];
  for (const { name, statement } of statements) {
    for (const node of await explain(tx, statement)) {
      const fault = await faultOf(tx, node, opened);
      if (fault !== null) {
        refusals.push({
          check: "reads-by-an-index",
          message: `The ${name} of each batch would do a ${fault}.`,
          remedy:
            "Create an index for what `where`, `pending` or the expressions look up, then run `analyze`; `tidefill plan` shows the query plan.",
        });
      }
    }
  }
  return refusals.slice(0, 1);
}

async function faultOf(tx: Transaction, node: PlanNode, opened: OpenedJob): Promise<string | null> {
  if (
    /Sort$/.test(node.type) &&
    (opened.table?.relation.pages ?? 0) > bigPages &&
    node.estimatedRows > 100_000
  ) {
    return `sort of about ${Math.round(node.estimatedRows)} rows`;
  }
  if (node.type !== "Seq Scan" || node.relation === null) return null;
  const name = [node.schema, node.relation]
    .filter((part) => part !== null)
    .map(quoteIdentifier)
    .join(".");
  const { rows } = await tx.query(sql`
    select relpages from pg_catalog.pg_class where oid = pg_catalog.to_regclass(${name})`);
  return Number(rows[0]?.relpages ?? 0) > bigPages
    ? `sequential scan of ${node.relation}, a table of ${rows[0]?.relpages} pages`
    : null;
}
