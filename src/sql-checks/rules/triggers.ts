import { alterations } from "../syntax/alterations.ts";
import type { Rule } from "../syntax/rule.ts";

/**
 * What disabled triggers keep correct goes wrong, and PostgreSQL does not check it afterwards. `alter table`
 * disables them for the writes of every session. `all` and `session_replication_role` disable foreign keys
 * too.
 *
 * ```sql
 * alter table app.orders disable trigger all;
 * ```
 *
 * Instead, let the trigger's function return early when a setting of this transaction says so:
 *
 * ```sql
 * set local app.skip_audit = 'on';
 * ```
 */
export const disableTrigger: Rule = {
  code: "disable-trigger",
  reason: "What the triggers keep correct, even foreign keys, goes wrong, and nothing repairs it afterwards.",
  safeForm:
    "Leave them on; let the trigger's function return early when a setting of this one transaction says so.",
  find: (statement) => {
    if (!("VariableSetStmt" in statement)) {
      return alterations(statement, "AT_DisableTrig", "AT_DisableTrigAll", "AT_DisableTrigUser");
    }
    const { name, args = [] } = statement.VariableSetStmt;
    const isReplica = args.some(
      (node) => "A_Const" in node && node.A_Const.sval?.sval?.toLowerCase() === "replica",
    );
    return name === "session_replication_role" && isReplica ? [{ table: null, part: name }] : [];
  },
};
