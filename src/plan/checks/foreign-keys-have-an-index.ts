import { displayName } from "../../job/columns/table.ts";
import { type Reference, readReferences } from "../../postgres/catalog/references.ts";
import type { Relation } from "../../postgres/catalog/relation.ts";
import { displayIdentifier } from "../../postgres/sql/sql.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";
import type { Check, Refusal } from "../open/check.ts";

/** 8 MB: scanning a smaller table costs next to nothing. */
const bigPages = 1_024;

/**
 * For each row that is deleted, or whose key changes, PostgreSQL looks for rows that refer to it: without an
 * index it scans the other table, once for each row. No query plan shows that.
 */
export const foreignKeysHaveAnIndex: Check = async ({ tx, relation, written, verb }) => {
  if (verb !== "delete" && verb !== "update") return [];
  const slow = await slowReferences(tx, relation, verb === "delete" ? null : written);
  return slow
    .filter(({ pages }) => pages > bigPages)
    .map((reference) =>
      refusal(reference, verb === "delete" ? `deleted row of ${displayName(relation)}` : keyOf(relation)),
    );
};

/** The same for tables that are small today, as a warning; and for what an insert's undo would delete. */
export async function slowForeignKeys(
  tx: Queryable,
  relation: Relation,
  verb: "update" | "insert" | "delete",
  written: readonly string[],
): Promise<Refusal[]> {
  const slow = await slowReferences(tx, relation, verb === "update" ? written : null);
  const each =
    verb === "update"
      ? keyOf(relation)
      : verb === "insert"
        ? `row that an undo deletes from ${displayName(relation)}`
        : `deleted row of ${displayName(relation)}`;
  return slow
    .filter(({ pages }) => (verb === "insert" ? pages > bigPages : pages > 0))
    .map((reference) => refusal(reference, each));
}

async function slowReferences(
  tx: Queryable,
  relation: Relation,
  changed: readonly string[] | null,
): Promise<Reference[]> {
  const references = await readReferences(tx, relation);
  const own = displayName(relation);
  return references.filter(
    ({ hasIndex, of, referenced }) =>
      !hasIndex &&
      (changed === null || (of === own && referenced.some((column) => changed.includes(column)))),
  );
}

function keyOf(relation: Relation): string {
  return `changed key of ${displayName(relation)}`;
}

function refusal(reference: Reference, each: string): Refusal {
  const { table, constraint, columns, pages, isPartitioned, of } = reference;
  const list = columns.map(displayIdentifier).join(", ");
  // An index on a partitioned table cannot be built concurrently.
  const how = isPartitioned
    ? `create index on only ${table} (${list});   then create it concurrently on each partition, and attach those`
    : `create index concurrently on ${table} (${list});`;
  return {
    check: "foreign-keys-have-an-index",
    message: `${table} refers to ${of} by ${constraint} (${columns.join(", ")}) and has no index that begins with ${columns.length === 1 ? "that column" : "those columns"}: PostgreSQL would scan its ${pages} pages for each ${each}.`,
    remedy: how,
  };
}
