import { alterations } from "../syntax/alterations.ts";
import type { Rule } from "../syntax/rule.ts";

/**
 * What triggers keep right, and with `all` or `session_replication_role` foreign keys too, goes wrong for everybody's
 * writes meanwhile, and nobody checks it afterwards.
 *
 * ```sql
 * alter table app.orders disable trigger all;
 * ```
 *
 * Instead, let the trigger's function return early where a setting of this transaction says so:
 *
 * ```sql
 * set local app.skip_audit = 'on';
 * ```
 */
export const disableTrigger: Rule = {
  code: "disable-trigger",
  reason:
    "What the triggers keep right goes wrong for everybody's writes meanwhile, foreign keys among it, and nothing repairs it afterwards.",
  safeForm:
    "Leave them on; let the trigger's function return early where a setting of this one transaction says so.",
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
