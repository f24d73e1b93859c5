import { displayName } from "../../job/columns/table.ts";
import { findKeyIndexes, type KeyIndexFault, readKey } from "../../postgres/catalog/key-index.ts";
import type { Relation } from "../../postgres/catalog/relation.ts";
import { displayIdentifier } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { Check } from "../open/check.ts";

const faults: Readonly<Record<Exclude<KeyIndexFault, "none">, string>> = {
  "not-btree": "is not a btree index, so it does not order the rows",
  "not-unique": "is not unique: rows with equal keys would be skipped between two batches",
  partial: "is partial: rows outside of it would never be seen",
  invalid: "is invalid: it may lack rows",
  deferrable: "is deferrable: its keys may be duplicates for a while",
  nulls: "has nullable columns: a row without a key would never be seen",
  "other-order": "does not order its columns as their types and collations do",
};

/** The key finds, orders and finishes the rows: it must be unique and not null, with a btree index. */
export const keyOrdersTheRows: Check = async ({ tx, table, relation }) => {
  const name = displayName(relation);
  const columns = table.key.join(", ");
  // An index on a partitioned table cannot be built concurrently.
  const concurrently = relation.kind === "partitioned table" ? "" : "concurrently ";
  const nullable = relation.columns.filter(({ name, isNullable }) => isNullable && table.key.includes(name));
  const refuse = (message: string) => [
    {
      check: "key-orders-the-rows",
      message,
      remedy: `Name another key in the description, or create one: create unique index ${concurrently}on ${name} (${table.key.map(displayIdentifier).join(", ")}), with every column not null${hintFor(nullable, name)}.`,
    },
  ];
  const indexes = await findKeyIndexes(tx, relation, table.key);
  const [best] = indexes;
  if (best === undefined) return refuse(`${name} has no index on exactly its key (${columns}).`);
  if (best.fault !== "none")
    return refuse(`The index ${best.name} on the key (${columns}) of ${name} ${faults[best.fault]}.`);
  const schemas = table.key.length === 1 ? [] : await operatorSchemas(tx, relation, table.key);
  if (schemas.length > 1)
    return refuse(`The key (${columns}) of ${name} mixes types with operators in ${schemas.join(" and ")}.`);
  return [];
};

async function operatorSchemas(
  tx: Transaction,
  relation: Relation,
  key: readonly string[],
): Promise<readonly string[]> {
  const { columns } = await readKey(tx, relation, key);
  return [...new Set(columns.map(({ operatorSchema }) => operatorSchema))];
}

/** The statement that makes these columns not null. */
function hintFor(nullable: readonly { readonly name: string }[], table: string): string {
  const sets = nullable.map(({ name }) => `alter column ${displayIdentifier(name)} set not null`);
  return sets.length === 0
    ? ""
    : `: alter table ${table} ${sets.join(", ")} (the step setNotNull does it without a long lock)`;
}
