import { displayName } from "../../job/columns/table.ts";
import { hasReturningOld } from "../../postgres/catalog/returning-old.ts";
import type { Check } from "../open/check.ts";

/**
 * Which rows of an upsert were new must be known, to count and undo them. Before PostgreSQL 18 only the row's
 * own `xmax` tells that, and PostgreSQL does not return it for a partitioned table.
 */
export const upsertTellsWhatIsNew: Check = async ({ tx, relation, overwrites }) => {
  if (!overwrites || relation.kind !== "partitioned table" || (await hasReturningOld(tx))) return [];
  return [
    {
      check: "upsert-tells-what-is-new",
      message: `${displayName(relation)} is partitioned, and before PostgreSQL 18 an upsert into partitions does not tell which rows were new.`,
      remedy:
        'Upsert into each partition by a job of its own; or insert with do: "nothing", and update by a second job; or upgrade to PostgreSQL 18.',
    },
  ];
};
