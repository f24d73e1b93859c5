import { dotted, nameOf } from "../syntax/names.ts";
import type { Rule } from "../syntax/rule.ts";
import { isOn } from "./options.ts";

export const createIndexWithoutConcurrently: Rule = {
  code: "create-index-without-concurrently",
  reason: "Nobody writes the table while the index is built.",
  safeForm: "Write `create index concurrently`, alone in its text and outside of a transaction.",
  find: (statement) => {
    if (!("IndexStmt" in statement)) return [];
    const { relation, idxname = null, concurrent } = statement.IndexStmt;
    // On a partitioned table alone, `only` makes an entry in the catalogue and builds nothing.
    if (concurrent === true || relation?.inh !== true) return [];
    return [{ table: nameOf(relation), part: idxname }];
  },
};

export const dropIndexWithoutConcurrently: Rule = {
  code: "drop-index-without-concurrently",
  reason:
    "The table is locked against reading and writing, and so is everybody behind the lock while it waits for the longest query.",
  safeForm: "Write `drop index concurrently`, alone in its text and outside of a transaction.",
  find: (statement) => {
    if (!("DropStmt" in statement) || statement.DropStmt.removeType !== "OBJECT_INDEX") return [];
    if (statement.DropStmt.concurrent === true) return [];
    return (statement.DropStmt.objects ?? []).map((name) => ({ table: null, part: dotted([name]) }));
  },
};

export const reindexWithoutConcurrently: Rule = {
  code: "reindex-without-concurrently",
  reason:
    "Nobody writes the table while its indexes are built anew, and hardly anybody reads it, since planning a query looks at them all.",
  safeForm: "Write `reindex … concurrently`, alone in its text and outside of a transaction.",
  find: (statement) => {
    if (!("ReindexStmt" in statement) || isOn("concurrently", statement.ReindexStmt.params)) return [];
    const { kind, relation, name = null } = statement.ReindexStmt;
    const named = nameOf(relation);
    return kind === "REINDEX_OBJECT_TABLE"
      ? [{ table: named, part: null }]
      : [{ table: null, part: named ?? name }];
  },
};
