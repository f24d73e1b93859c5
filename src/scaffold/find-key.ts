import { RefusedError } from "../errors.ts";
import { displayName } from "../job/columns/table.ts";
import type { KeyIndexFault } from "../postgres/catalog/key-index.ts";
import { looksPersonal } from "./looks-personal.ts";
import type { TableFacts } from "./table-facts.ts";

const faults: Readonly<Record<Exclude<KeyIndexFault, "none">, string>> = {
  "not-btree": "no btree index",
  "not-unique": "not unique",
  partial: "partial",
  invalid: "invalid",
  deferrable: "deferrable",
  nulls: "on columns that may be null",
  "other-order": "in another order than its types",
};

/**
 * The unique, not-null columns that order the rows: the primary key where possible; null when there are none.
 */
export function findKey({ relation, uniqueIndexes }: TableFacts): readonly string[] | null {
  const usable = uniqueIndexes.filter(({ fault }) => fault === "none");
  const isPersonal = (column: string) => looksPersonal(relation.name, column);
  // Keys are kept and shown, so one without personal data is better.
  const best = usable.find(({ columns }) => !columns.some(isPersonal)) ?? usable[0];
  return best?.columns ?? null;
}

/** @throws RefusedError that says why no unique index will do, and what to create */
export function requireKey(facts: TableFacts): readonly string[] {
  const key = findKey(facts);
  if (key !== null) return key;
  const name = displayName(facts.relation);
  const why = facts.uniqueIndexes.map(({ name: index, fault }) =>
    fault === "none" ? "" : `${index} is ${faults[fault]}`,
  );
  const concurrently = facts.relation.kind === "partitioned table" ? "" : "concurrently ";
  throw new RefusedError(
    "key-orders-the-rows",
    `${name} has no key that orders its rows: ${why.length === 0 ? "it has no unique index" : why.join(", ")}.`,
    `Set the columns that tell its rows apart not null, and type: create unique index ${concurrently}on ${name} (…);`,
  );
}
