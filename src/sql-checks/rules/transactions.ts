import { alterations } from "../syntax/alterations.ts";
import { dotted, nameOf } from "../syntax/names.ts";
import type { Node } from "../syntax/parse-sql.ts";
import type { Match, Rule } from "../syntax/rule.ts";
import { nodesOf } from "../syntax/visit.ts";
import { isOn } from "./is-on.ts";
import { notInTransaction } from "./not-in-transaction.ts";

/**
 * A `concurrently` statement begins and ends transactions itself, so PostgreSQL refuses it inside one.
 *
 * ```sql
 * create index concurrently orders_user_idx on app.orders (user_id);
 * ```
 *
 * Instead, run the same text outside a transaction:
 *
 * ```sql
 * create index concurrently orders_user_idx on app.orders (user_id);
 * ```
 */
export const concurrentlyInTransaction: Rule = {
  code: "concurrently-in-transaction",
  reason: "PostgreSQL refuses it inside a transaction, so the text always fails.",
  safeForm: "Run it in a text of its own, outside a transaction.",
  sparesNoTable: true,
  find: (statement, { isTransactional }) => (isTransactional ? concurrentWork(statement) : []),
};

/**
 * PostgreSQL runs a text of several statements as one transaction, and refuses a `concurrently` statement
 * there.
 *
 * ```sql
 * create index concurrently a_idx on app.orders (a);
 * create index concurrently b_idx on app.orders (b);
 * ```
 *
 * Instead, in two texts:
 *
 * ```sql
 * create index concurrently a_idx on app.orders (a);
 * ```
 *
 * ```sql
 * create index concurrently b_idx on app.orders (b);
 * ```
 */
export const concurrentlyBesideOthers: Rule = {
  code: "concurrently-beside-others",
  reason:
    "PostgreSQL runs a text's statements as one transaction and refuses it there, so the text always fails.",
  safeForm: "Give each `concurrently` statement a text of its own.",
  sparesNoTable: true,
  find: (statement, { isAlone }) => (isAlone ? [] : concurrentWork(statement)),
};

/**
 * A concurrent build that fails leaves an invalid index behind. When the text is tried again, `if not exists`
 * finds that index and builds nothing, so the index stays invalid.
 *
 * ```sql
 * create index concurrently if not exists orders_user_idx on app.orders (user_id);
 * ```
 *
 * Instead, in two texts:
 *
 * ```sql
 * drop index concurrently if exists app.orders_user_idx;
 * ```
 *
 * ```sql
 * create index concurrently orders_user_idx on app.orders (user_id);
 * ```
 */
export const concurrentIndexIfNotExists: Rule = {
  code: "concurrent-index-if-not-exists",
  reason: "A failed build leaves an invalid index, and the next try takes it for the finished one.",
  safeForm:
    "In an earlier text drop the index concurrently, if it exists; then create it without `if not exists`.",
  find: (statement, { isRetried }) =>
    isRetried && "IndexStmt" in statement && statement.IndexStmt.if_not_exists === true
      ? concurrentWork(statement)
      : [],
};

/**
 * The text runs in a transaction of its caller, who relies on it to commit or roll back as a whole. A text
 * that begins or ends transactions breaks that.
 *
 * ```sql
 * update app.orders set total = 0 where id = 42;
 * commit;
 * ```
 *
 * Instead:
 *
 * ```sql
 * update app.orders set total = 0 where id = 42;
 * ```
 */
export const transactionControl: Rule = {
  code: "transaction-control",
  reason:
    "It begins or ends a transaction that is not the text's own: half of the work may stay after a failure.",
  safeForm: "Leave it out: the text already runs in a transaction.",
  find: (statement, { isCallersTransaction }) => {
    if (!isCallersTransaction || !("TransactionStmt" in statement)) return [];
    const word = controls[statement.TransactionStmt.kind ?? ""];
    return word === undefined ? [] : [{ table: null, part: word }];
  },
};

/**
 * PostgreSQL refuses `vacuum`, `create database`, `alter system` and the like inside a transaction. It also
 * refuses them beside other statements, since these run as one transaction.
 *
 * ```sql
 * vacuum app.events;
 * ```
 *
 * Instead, run the same in a text of its own, outside a transaction:
 *
 * ```sql
 * vacuum app.events;
 * ```
 */
export const refusedInTransaction: Rule = {
  code: "refused-in-transaction",
  reason: "PostgreSQL refuses it in a transaction, and several statements are one, so the text always fails.",
  safeForm: "Run it in a text of its own, outside a transaction.",
  sparesNoTable: true,
  find: (statement, { isTransactional, isAlone }) =>
    isTransactional || !isAlone ? notInTransaction(statement) : [],
};

/**
 * A new value of an enum may be used only after the transaction that added it has ended. If the same
 * transaction created the type, the value may be used at once.
 *
 * ```sql
 * alter type app.status add value 'late';
 * alter table app.orders alter column status set default 'late';
 * ```
 *
 * Instead, in two texts:
 *
 * ```sql
 * alter type app.status add value 'late';
 * ```
 *
 * ```sql
 * alter table app.orders alter column status set default 'late';
 * ```
 */
export const enumValueInSameTransaction: Rule = {
  code: "enum-value-in-same-transaction",
  reason:
    "PostgreSQL refuses a new enum value until the transaction that added it has ended, so the text fails.",
  safeForm: "Add the value in an earlier text, and use it in the next one.",
  sparesNoTable: true,
  find: (statement, { enumValuesAdded }) =>
    nodesOf("A_Const", statement)
      .map(({ sval }) => sval?.sval ?? null)
      .filter((value) => value !== null && enumValuesAdded.has(value))
      .map((part) => ({ table: null, part })),
};

const controls: Readonly<Record<string, string>> = {
  TRANS_STMT_BEGIN: "begin",
  TRANS_STMT_START: "start transaction",
  TRANS_STMT_COMMIT: "commit",
  TRANS_STMT_ROLLBACK: "rollback",
  TRANS_STMT_PREPARE: "prepare transaction",
};

/** What a statement does concurrently, for which it must begin and end transactions itself. */
function concurrentWork(statement: Node): readonly Match[] {
  if ("IndexStmt" in statement && statement.IndexStmt.concurrent === true) {
    const { relation, idxname = null } = statement.IndexStmt;
    return [{ table: nameOf(relation), part: idxname }];
  }
  if ("DropStmt" in statement && statement.DropStmt.concurrent === true) {
    return (statement.DropStmt.objects ?? []).map((name) => ({ table: null, part: dotted([name]) }));
  }
  if ("ReindexStmt" in statement && isOn("concurrently", statement.ReindexStmt.params)) {
    return [{ table: null, part: nameOf(statement.ReindexStmt.relation) }];
  }
  return alterations(statement, "AT_DetachPartition").flatMap(({ table, definition }) =>
    definition !== undefined && "PartitionCmd" in definition && definition.PartitionCmd.concurrent === true
      ? [{ table, part: nameOf(definition.PartitionCmd.name) }]
      : [],
  );
}
