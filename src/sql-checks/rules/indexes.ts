import { dotted, nameOf } from "../syntax/names.ts";
import type { Rule } from "../syntax/rule.ts";
import { isOn } from "./is-on.ts";

/**
 * Writes wait until the index is built. A partitioned table takes no index concurrently: create the index
 * `on only` the parent, create one concurrently on each partition, and attach those.
 *
 * ```sql
 * create index orders_user_idx on app.orders (user_id);
 * ```
 *
 * Instead:
 *
 * ```sql
 * create index concurrently orders_user_idx on app.orders (user_id);
 * ```
 */
export const createIndexWithoutConcurrently: Rule = {
  code: "create-index-without-concurrently",
  reason: "Writes to the table wait until the index is built.",
  safeForm: "Write `create index concurrently`, alone in its text and outside a transaction.",
  find: (statement) => {
    if (!("IndexStmt" in statement)) return [];
    const { relation, idxname = null, concurrent } = statement.IndexStmt;
    // `only` is for a partitioned table, where it makes an entry in the catalogue and builds nothing.
    if (concurrent === true || relation?.inh !== true) return [];
    return [{ table: nameOf(relation), part: idxname }];
  },
};

/**
 * Dropping is quick, but its lock waits for the longest transaction on the table, and every other session
 * waits behind it.
 *
 * ```sql
 * drop index app.orders_user_idx;
 * ```
 *
 * Instead:
 *
 * ```sql
 * drop index concurrently app.orders_user_idx;
 * ```
 */
export const dropIndexWithoutConcurrently: Rule = {
  code: "drop-index-without-concurrently",
  reason: "Its lock blocks reads and writes of the table, even while it still waits for the longest query.",
  safeForm: "Write `drop index concurrently`, alone in its text and outside a transaction.",
  find: (statement) => {
    if (!("DropStmt" in statement) || statement.DropStmt.removeType !== "OBJECT_INDEX") return [];
    if (statement.DropStmt.concurrent === true) return [];
    return (statement.DropStmt.objects ?? []).map((name) => ({ table: null, part: dotted([name]) }));
  },
};

/**
 * Writes wait until the indexes are rebuilt. Nearly all reads wait too, since planning a query looks at every
 * index of its tables.
 *
 * ```sql
 * reindex table app.orders;
 * ```
 *
 * Instead:
 *
 * ```sql
 * reindex table concurrently app.orders;
 * ```
 */
export const reindexWithoutConcurrently: Rule = {
  code: "reindex-without-concurrently",
  reason:
    "Writes wait until the indexes are rebuilt; so do nearly all reads, since planning looks at every index.",
  safeForm: "Write `reindex … concurrently`, alone in its text and outside a transaction.",
  find: (statement) => {
    if (!("ReindexStmt" in statement) || isOn("concurrently", statement.ReindexStmt.params)) return [];
    const { kind, relation, name = null } = statement.ReindexStmt;
    const named = nameOf(relation);
    return kind === "REINDEX_OBJECT_TABLE"
      ? [{ table: named, part: null }]
      : [{ table: null, part: named ?? name }];
  },
};
