import { displayName } from "../../job/columns/table.ts";
import { hasReturningOld } from "../../postgres/catalog/returning-old.ts";
import type { Check } from "../open/check.ts";
import { isUsableKey } from "../open/open-write.ts";

const check = "upsert-tells-what-is-new";

/**
 * Which rows of an upsert were new, and what it overwrote, must be known, to count and undo them. Before
 * PostgreSQL 18 only the row's own `xmax` tells which were new, and PostgreSQL does not return it for a
 * partitioned table. What is overwritten is read before the upsert, and its rows are found again by their key.
 */
export const upsertTellsWhatIsNew: Check = async ({ tx, job, table, relation, overwrites, conflict }) => {
  if (!overwrites || (await hasReturningOld(tx))) return [];
  const name = displayName(relation);
  if (relation.kind === "partitioned table") {
    return [
      {
        check,
        message: `${name} is partitioned, and before PostgreSQL 18 an upsert into partitions does not tell which rows were new.`,
        remedy:
          'Upsert into each partition by a job of its own; or insert with do: "nothing", and update by a second job; or upgrade to PostgreSQL 18.',
      },
    ];
  }
  const updated: readonly string[] = conflict?.do === "update" ? conflict.columns : [];
  const hasLastingKey =
    !table.key.some((column) => updated.includes(column)) && (await isUsableKey(tx, relation, table.key));
  if (!job.undoable || hasLastingKey) return [];
  return [
    {
      check,
      message: `Before PostgreSQL 18, an undo log of an upsert into ${name} needs a key that the upsert does not change.`,
      remedy: "Name the table's key in its description, and do not update it; or write undoable: false.",
    },
  ];
};
